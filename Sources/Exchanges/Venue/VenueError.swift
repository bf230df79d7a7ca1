/// What went wrong between us and a venue, in a sentence.
public struct VenueError: Error, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// More is asked for than the venue allows.
        case tooMuch
        /// The venue said no.
        case refused
        /// The venue wants to be asked less; it is left alone for as long as it said.
        case tooManyRequests
        /// The venue does not offer this, or not from here.
        case notOffered
        /// No answer came.
        case unreachable
        /// The venue's answer cannot be understood.
        case malformedAnswer
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
