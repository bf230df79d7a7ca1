extension PostgresError.Kind {
    /// What a SQLSTATE means for a caller.
    ///
    /// - Parameters:
    ///   - sqlState: Five characters, as the server sends them.
    ///   - isCancelRequested: Whether this client had asked for the statement to be cancelled, since a timeout has
    ///     the same code.
    init(sqlState: String, isCancelRequested: Bool) {
        switch sqlState {
        case "57014": self = isCancelRequested ? .cancelled : .statementTimeout
        case "55P03": self = .lockTimeout
        case "40001": self = .serialization
        case "40P01": self = .deadlock
        case "53100": self = .diskFull
        case "57P01", "57P02", "57P03", "57P04", "57P05", "25P03", "25P04": self = .shutdown
        case "23505": self = .uniqueViolation
        case "25006": self = .readOnly
        default: self = Self.ofClass(String(sqlState.prefix(2)))
        }
    }

    private static func ofClass(_ sqlClass: String) -> Self {
        switch sqlClass {
        case "08": .connectionLost
        case "23": .integrity
        case "28": .authentication
        case "42": .sqlSyntax
        case "53": .resources
        case "MS": .raised
        default: .server
        }
    }
}
