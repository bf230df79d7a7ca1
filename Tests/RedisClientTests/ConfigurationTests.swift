import Testing

@testable import RedisClient

@Suite struct ConfigurationTests {
    @Test func aShortURLHasDefaults() throws {
        let configuration = try RedisConfiguration(url: "redis://localhost")
        #expect(configuration.host == "localhost")
        #expect(configuration.port == 6379)
        #expect(configuration.database == 0)
        #expect(configuration.username == nil)
        #expect(configuration.password == nil)
        #expect(configuration.tls == nil)
        #expect(configuration.maskedURL == "redis://localhost:6379/0")
    }

    @Test func aLongURLIsReadWhole() throws {
        let configuration = try RedisConfiguration(
            url: "REDISS://mar%2Fket:p%40ss%2Fw%3Ard@[::1]:7000/3?cacert=/a%20b/ca.pem&cert=/c.pem&key=/k.pem")
        #expect(configuration.host == "::1")
        #expect(configuration.port == 7000)
        #expect(configuration.username == "mar/ket")
        #expect(configuration.password?.text == "p@ss/w:rd")
        #expect(configuration.database == 3)
        #expect(
            configuration.tls
                == RedisTLS(caCertificatePath: "/a b/ca.pem", certificatePath: "/c.pem", keyPath: "/k.pem"))
        #expect(
            configuration.maskedURL
                == "rediss://mar%2Fket:***@[::1]:7000/3?cacert=/a b/ca.pem&cert=/c.pem&key=/k.pem")
    }

    @Test(arguments: [
        "", "localhost:6379", "http://localhost", "redis://", "redis://:0", "redis://h:0", "redis://h:65536",
        "redis://h:+1", "redis://h/-1", "redis://h/x", "redis://h/99999999999", "redis://user@h", "redis://[::1",
        "redis://[::1]x", "redis://h?cacert=/x", "rediss://h?cacert=", "rediss://h?other=/x", "rediss://h?cert=/x",
        "redis://:%zz@h", "redis://:%4@h", "redis://:%ff@h", "redis://a b", "redis://h\u{0}i",
    ])
    func aMalformedURLIsRefused(_ url: String) {
        let error = #expect(throws: RedisError.self) { _ = try RedisConfiguration(url: url) }
        #expect(error?.code == .configuration)
    }

    @Test(arguments: [
        "redis://:S3CRET@", "redis://S3CRET", "S3CRET@host", "redis://u:S3CRET/x@host", "redis://u:a?S3CRET=@host",
        "rediss://u:x@host/S3CRET", "rediss://h?S3CRET=1", "redis://u:S3CRET%@host", "S3CRET://host",
    ])
    func noMessageQuotesTheURL(_ url: String) {
        do {
            let configuration = try RedisConfiguration(url: url)
            // The host is no secret; only these two are well-formed.
            #expect(configuration.host == "S3CRET" || configuration.database == 0)
        } catch {
            #expect(!"\(error)".contains("S3CRET"))
            #expect(!String(reflecting: error).contains("S3CRET"))
        }
    }

    @Test func thePasswordIsInNoDescriptionOfTheConfiguration() throws {
        let configuration = try RedisConfiguration(url: "redis://user:S3CRET@host")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped, configuration.maskedURL] {
            #expect(!text.contains("S3CRET"), "\(text)")
        }
        #expect(configuration.maskedURL == "redis://user:***@host:6379/0")
    }
}
