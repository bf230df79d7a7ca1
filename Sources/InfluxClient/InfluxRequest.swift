import FoundationEssentials

/// A request as the bytes it is made of, for any of the three endpoints.
package struct InfluxRequest: Sendable, Hashable {
    package let url: String
    /// By name; the secret is among them.
    package let headers: [String: String]
    /// Empty for a question, which is a GET.
    package let body: String

    package init(_ configuration: InfluxConfiguration, writing points: [InfluxPoint]) {
        url = configuration.baseURL + Self.path(configuration)
        var headers = ["Content-Type": "text/plain; charset=utf-8", "User-Agent": "market-stream"]
        headers["Authorization"] = Self.authorization(configuration)
        self.headers = headers
        body = InfluxPoint.body(points)
    }

    /// - Parameter question: in InfluxQL.
    package init(_ configuration: InfluxConfiguration, asking question: String) {
        let database = Self.encoded(configuration.database)
        url = "\(configuration.baseURL)/query?db=\(database)&epoch=s&q=\(Self.encoded(question))"
        var headers = ["User-Agent": "market-stream"]
        headers["Authorization"] = Self.authorization(configuration)
        self.headers = headers
        body = ""
    }

    private static func path(_ configuration: InfluxConfiguration) -> String {
        let database = encoded(configuration.database)
        switch configuration.api {
        case .v1:
            return "/write?db=\(database)&precision=s"
        case .v2:
            let organization = configuration.organization.map { "org=\(encoded($0))&" } ?? ""
            return "/api/v2/write?\(organization)bucket=\(database)&precision=s"
        case .v3:
            // All lines or none: what is repeated is then the whole batch, never a part that nobody knows.
            return "/api/v3/write_lp?db=\(database)&precision=second&accept_partial=false"
        }
    }

    private static func authorization(_ configuration: InfluxConfiguration) -> String? {
        guard let token = configuration.token else { return nil }
        if configuration.api == .v1, let username = configuration.username {
            return "Basic " + Data("\(username):\(token)".utf8).base64EncodedString()
        }
        return (configuration.api == .v3 ? "Bearer " : "Token ") + token
    }

    /// Percent-encoded but for what RFC 3986 calls unreserved.
    private static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.append(Character(Unicode.Scalar(byte)))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return result
    }
}
