/// Why a connection ends, as the two bytes of a close frame (RFC 6455, section 7.4).
public struct WebSocketCloseCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// 1000: done.
    public static let normal = Self(rawValue: 1000)
    /// 1001: the server shuts down, or the page is left.
    public static let goingAway = Self(rawValue: 1001)
    /// 1002: the peer broke the protocol.
    public static let protocolError = Self(rawValue: 1002)
    /// 1003: a kind of message that is not taken here.
    public static let unacceptable = Self(rawValue: 1003)
    /// 1005: the peer's close frame named no code. Never sent.
    public static let noStatus = Self(rawValue: 1005)
    /// 1006: the connection ended with no close frame. Never sent.
    public static let abnormal = Self(rawValue: 1006)
    /// 1007: a text that is not UTF-8.
    public static let notUTF8 = Self(rawValue: 1007)
    /// 1008: against the server's rules.
    public static let policyViolation = Self(rawValue: 1008)
    /// 1009: a message larger than is taken.
    public static let tooBig = Self(rawValue: 1009)
    /// 1011: the server failed.
    public static let internalError = Self(rawValue: 1011)
    /// 1013: overloaded; come back later.
    public static let tryAgainLater = Self(rawValue: 1013)

    /// Whether a close frame may carry it.
    public var isSendable: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }

    public var description: String { String(rawValue) }
}

/// How a connection ended.
public struct WebSocketClosure: Hashable, Sendable, CustomStringConvertible {
    public let code: WebSocketCloseCode
    /// At most 123 bytes of UTF-8.
    public let reason: String
    /// Whether the other side ended it, or the connection was lost.
    public let isByPeer: Bool

    public init(code: WebSocketCloseCode, reason: String, isByPeer: Bool) {
        self.code = code
        self.reason = reason
        self.isByPeer = isByPeer
    }

    public var description: String {
        "closed by \(isByPeer ? "the peer" : "this side") with \(code)\(reason.isEmpty ? "" : ": \(reason)")"
    }
}
