import PostgresClient
import TestServers
import Testing

struct SecretsTests {
    static let secret = "hunter2-PSST"

    /// Connection strings, good and bad, that all hold the secret.
    static let strings = [
        "postgresql://market:\(secret)@127.0.0.1:1/market",
        "postgres://market:\(secret)@127.0.0.1/market?sslmode=nonsense",
        "postgresql://market:\(secret)@@[::1/market",
        "postgresql://market:a@\(secret)/b?c@127.0.0.1:1/market",
        "postgresql://market:%zz\(secret)@127.0.0.1:1/market",
        "postgresql://market:\(secret)",
        "postgresql://market:\(secret)/market",
        "postgresql://127.0.0.1:1/market?password=\(secret)&user=market",
        "postgresql://127.0.0.1:1/market?user=market&passwor%64=\(secret)",
        "postgresql://127.0.0.1:1/market?sslpassword=\(secret)&nonsense=1",
        "host=127.0.0.1 port=1 user=market password=\(secret)",
        "host=127.0.0.1 port=1 password = '\(secret) it\\'s' nonsense=1",
        "host=127.0.0.1 PASSWORD='\(secret)",
        "password=\(secret) =",
    ]

    @Test(arguments: strings) func noErrorHoldsThePassword(_ string: String) async throws {
        let error = try await postgresError { () throws(PostgresError) in
            let configuration = try PostgresConfiguration(url: string)
            #expect(!configuration.maskedURL.contains(Self.secret))
            let connection = try await PostgresConnection.connect(configuration)
            await connection.close()
        }
        #expect([.usage, .connectionFailed].contains(error.kind))
        #expect(!error.description.contains(Self.secret))
        #expect(!"\(dump(error))".contains(Self.secret))
    }

    @Test func maskingKeepsTheRest() throws {
        let url = "postgresql://market:pw@db.example:5433/market?sslmode=verify-full&password=x"
        #expect(
            try PostgresConfiguration(url: url).maskedURL
                == "postgresql://market:***@db.example:5433/market?sslmode=verify-full&password=***")
        let keywords = "host=db.example password='a b' dbname=market"
        #expect(try PostgresConfiguration(url: keywords).maskedURL == "host=db.example password=*** dbname=market")
        let plain = "postgresql://market@[::1]:5432,db2:5433/market"
        #expect(try PostgresConfiguration(url: plain).maskedURL == plain)
    }

    @Test func aMisspeltOptionIsNamed() async throws {
        let error = try await postgresError { () throws(PostgresError) in
            try PostgresConfiguration(url: "postgresql://market:\(Self.secret)@127.0.0.1/market?sslmod=require")
        }
        #expect(error.kind == .usage)
        #expect(error.message.contains("sslmod"))
        #expect(error.hint?.contains("postgresql://") == true)
    }

    @Test(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
    func aRefusedPasswordIsNotRepeated() async throws {
        let server = try await PostgresServer.shared.get()
        func url(_ password: String) -> String { "postgresql://secured:\(password)@127.0.0.1:\(server.port)/postgres" }
        let error = try await postgresError { () throws(PostgresError) in
            try await PostgresConnection.connect(PostgresConfiguration(url: url(Self.secret)))
        }
        #expect(error.kind == .authentication)
        #expect(!error.isTransient)
        #expect(!error.description.contains(Self.secret))
        let connection = try await PostgresConnection.connect(
            PostgresConfiguration(url: url("s3cr%26t%2Fpa%20ss%25word")))
        await connection.close()
    }
}
