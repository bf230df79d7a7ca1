# shellcheck shell=bash
# The Swift toolchain: the one that is there, or one by swiftly, swift.org's installer.

# swift_version: of the swift on PATH, empty when there is none that runs.
swift_version() {
    { swift --version 2>/dev/null || true; } | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p' | head -n 1
}

# find_swiftly: what swiftly installed counts even where the shell has not read its profile.
find_swiftly() {
    local environment=${SWIFTLY_HOME_DIR:-$HOME/.local/share/swiftly}/env.sh
    # shellcheck source=/dev/null
    [ ! -f "$environment" ] || . "$environment"
}

ensure_swift() {
    local version
    find_swiftly
    version=$(swift_version)
    [ -z "$version" ] || ! version_at_least "$version" "$SWIFT_OLDEST" || return 0
    confirm "there is no Swift $SWIFT_OLDEST or later (found: ${version:-none}); install $SWIFT_VERSION with swiftly" ||
        fail "Swift $SWIFT_OLDEST or later is needed: https://www.swift.org/install/linux"
    have swiftly || install_swiftly
    step "Swift $SWIFT_VERSION (a few minutes)"
    swiftly install --assume-yes --use "$SWIFT_VERSION" >/dev/null ||
        fail "swiftly could not install Swift $SWIFT_VERSION"
    find_swiftly
    hash -r
    version=$(swift_version)
    version_at_least "${version:-0}" "$SWIFT_OLDEST" ||
        fail "swiftly ran, but 'swift --version' says '${version:-nothing}'"
}

install_swiftly() {
    local folder archive
    step "swiftly, swift.org's toolchain installer"
    folder=$(mktemp -d)
    archive=swiftly-$(uname -m).tar.gz
    (
        cd "$folder"
        curl -fsS --retry 2 -O "https://download.swift.org/swiftly/linux/$archive" \
            -O "https://download.swift.org/swiftly/linux/$archive.sig" &&
            curl -fsS --retry 2 https://www.swift.org/keys/all-keys.asc |
            gpg --quiet --homedir "$(mkdir -m 700 keys && echo keys)" --import 2>/dev/null &&
            gpg --quiet --homedir keys --verify "$archive.sig" "$archive" 2>/dev/null &&
            tar -xzf "$archive" &&
            ./swiftly init --assume-yes --quiet-shell-followup --skip-install >/dev/null
    ) || fail "swiftly could not be fetched from swift.org, or its signature is not swift.org's; install Swift" \
        "$SWIFT_OLDEST or later yourself: https://www.swift.org/install/linux"
    rm -rf "$folder"
    find_swiftly
}
