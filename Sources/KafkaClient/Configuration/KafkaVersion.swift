import CRdKafka

/// A version of librdkafka.
public struct KafkaVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let major: Int
    public let minor: Int
    public let patch: Int

    public init(major: Int, minor: Int, patch: Int) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// The version of the library this process runs with (not the one it was compiled against).
    public static var runtime: KafkaVersion {
        let number = Int(rd_kafka_version())
        return KafkaVersion(major: number >> 24 & 0xff, minor: number >> 16 & 0xff, patch: number >> 8 & 0xff)
    }

    /// The oldest version without known faults that matter here.
    public static let oldestAdvised = KafkaVersion(major: 2, minor: 2, patch: 0)

    /// What to tell the operator about this version, or nil when it is new enough.
    public var warning: String? {
        guard self < Self.oldestAdvised else { return nil }
        return """
            librdkafka \(self) is older than \(Self.oldestAdvised): some brokers cannot be read with it and it lacks \
            years of fixes; \
            run scripts/setup, which puts a newer one into .deps/lib
            """
    }

    /// What to tell the operator about the running library, or nil when it is new enough.
    public static var warning: String? { runtime.warning }

    public static func < (left: KafkaVersion, right: KafkaVersion) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    public var description: String { "\(major).\(minor).\(patch)" }
}
