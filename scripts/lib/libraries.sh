# shellcheck shell=bash
# Which shared libraries executables need, as this machine's loader finds them.

# needed_libraries FILE...: their paths, each once, sorted; those of libraries among the files count, too. Fails with
# what is not found.
needed_libraries() {
    local file listing missing all=''
    for file in "$@"; do
        # The program itself says nothing but "statically linked" where it needs none.
        listing=$(ldd "$file" 2>&1) || [[ $listing == *"not a dynamic executable"* ]] || {
            printf '%s\n' "ldd $file: $listing" >&2
            return 1
        }
        missing=$(grep 'not found' <<<"$listing" || true)
        [ -z "$missing" ] || {
            printf '%s\n' "$file lacks libraries:" "$missing" >&2
            return 1
        }
        all+=$listing$'\n'
    done
    # "libz.so.1 => /lib/libz.so.1 (0x...)" and "/lib64/ld-linux-x86-64.so.2 (0x...)"
    sed -nE 's/^.*=> (\/[^ ]+) \(0x.*$/\1/p; s/^[[:space:]]*(\/[^ ]+) \(0x.*$/\1/p' <<<"$all" | LC_ALL=C sort -u
}

# executables_and_libraries FOLDER: the files of FOLDER/bin and FOLDER/lib that the loader has to do with, sorted.
executables_and_libraries() {
    find "$1/bin" "$1/lib" -maxdepth 1 -type f \( -perm -u+x -o -name '*.so*' \) 2>/dev/null | LC_ALL=C sort
}
