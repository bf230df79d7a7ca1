import MarketCore
import MarketWire
import Testing

@testable import MarketAPI

/// What an answer of /candles looks like: order, CSV, tags, links; compression; other origins.
@Suite struct CandleFormTests {
    @Test func ordersAndFormats() async throws {
        try await APITestServer.with { server in
            server.history.store(try (0..<5).map { try Sample.candle(1_700_000_000 + $0 * 10) })
            let descending = try await server.get("/candles?order=desc&limit=3").json()
            let starts = descending["candles"]?.elements?.map { $0["window_start"]?.integer }
            #expect(starts == [1_700_000_040, 1_700_000_030, 1_700_000_020])
            // The cursor goes on where the page ended, whatever the order inside it.
            let cursor = try #require(descending["next_cursor"]?.text)
            let older = try await server.get("/candles?order=desc&limit=3&cursor=\(cursor)").json()
            #expect(
                older["candles"]?.elements?.map { $0["window_start"]?.integer } == [1_700_000_010, 1_700_000_000])

            let csv = try await server.get("/candles?format=csv&limit=2")
            #expect(csv.headers["content-type"] == "text/csv; charset=utf-8; header=present")
            let lines = csv.text.split(separator: "\r\n").map {
                $0.split(separator: ",", omittingEmptySubsequences: false)
            }
            #expect(lines.count == 3 && lines[0].map(String.init) == CandlePage.columns)
            let candle = try Sample.candle(1_700_000_040)
            #expect(lines[2][3] == candle.open.description && lines[2][16] == "true")
            let link = try #require(csv.headers["link"])
            let path = try #require(link.split(separator: ">").first?.dropFirst())
            #expect(link.hasSuffix("rel=\"next\""))
            let next = try await server.get(String(path)).text.split(separator: "\r\n")
            #expect(next.count == 3 && next[2].contains("1700000020"))
            let filled = try await server.get("/candles?format=csv&fill=previous&limit=1").text
            #expect(filled.hasPrefix(CandlePage.columns.joined(separator: ",") + ",filled\r\n"))
        }
    }

    @Test func closedHistoryIsRevalidated() async throws {
        try await APITestServer.with { server in
            server.history.store([try Sample.candle(1_700_000_000)])
            let first = try await server.get("/candles")
            let tag = try #require(first.headers["etag"])
            #expect(first.headers["cache-control"] == "no-cache" && !tag.hasPrefix("W/"))
            let again = try await server.get("/candles", headers: ["If-None-Match": "\"x\", \(tag)"])
            #expect(again.status == 304 && again.body.isEmpty && again.headers["etag"] == tag)
            // A late trade amends it.
            server.history.store([try Sample.candle(1_700_000_000, revision: 2, tradeCount: 4)])
            let amended = try await server.get("/candles", headers: ["If-None-Match": tag])
            #expect(amended.status == 200 && amended.headers["etag"] != tag)
            // What still forms is nobody's to keep.
            server.board.take(
                try Sample.update(
                    price: "1", tradeID: 1, candles: [try Sample.candle(1_700_000_010, isClosed: false)]),
                of: try Sample.instrument("BTCUSDT"))
            let open = try await server.get("/candles?include_open=true")
            #expect(open.headers["etag"] == nil && open.headers["cache-control"] == "no-store")
            let head = try await server.send("HEAD", "/candles")
            #expect(head.headers["etag"] == amended.headers["etag"] && head.body.isEmpty)
        }
    }

    @Test func longAnswersAreCompressed() async throws {
        try await APITestServer.with { server in
            server.history.store(try (0..<100).map { try Sample.candle(1_700_000_000 + $0 * 10) })
            let plain = try await server.get("/candles?limit=100")
            #expect(plain.headers["content-encoding"] == nil && plain.headers["vary"] == "Accept-Encoding")
            let packed = try await server.get("/candles?limit=100", headers: ["Accept-Encoding": "gzip"])
            #expect(packed.headers["content-encoding"] == "gzip")
            #expect(packed.body.starts(with: [0x1f, 0x8b]) && packed.body.count * 5 < plain.body.count)
            #expect(packed.headers["content-length"] == String(packed.body.count))
            #expect(packed.headers[CompressionMiddleware.marker] == nil)
            // Other bytes, another tag; either is known again.
            let tag = try #require(packed.headers["etag"])
            #expect(tag != plain.headers["etag"])
            let again = try await server.get(
                "/candles?limit=100", headers: ["Accept-Encoding": "gzip", "If-None-Match": tag])
            #expect(again.status == 304 && again.headers["etag"] == tag)
            for accept in ["gzip;q=0", "identity", "br"] {
                let answer = try await server.get("/candles?limit=100", headers: ["Accept-Encoding": accept])
                #expect(answer.headers["content-encoding"] == nil && answer.body == plain.body, "\(accept)")
            }
            #expect(try await server.get("/version", headers: ["Accept-Encoding": "gzip"]).headers["vary"] == nil)
            let head = try await server.send("HEAD", "/candles?limit=100", headers: ["Accept-Encoding": "gzip"])
            #expect(head.status == 200 && head.body.isEmpty && head.headers["content-encoding"] == nil)
        }
    }

    @Test func otherOriginsAreLetInByConfigurationOnly() async throws {
        let preflight = ["Origin": "https://a.example", "Access-Control-Request-Method": "GET"]
        try await APITestServer.with { server in
            let answer = try await server.get("/symbols", headers: ["Origin": "https://a.example"])
            #expect(answer.headers["access-control-allow-origin"] == nil)
            let options = try await server.send("OPTIONS", "/candles", headers: preflight)
            #expect(options.status == 204 && options.headers["allow"] == "GET, HEAD, OPTIONS")
            #expect(options.headers["access-control-allow-origin"] == nil)
            #expect(try await server.send("OPTIONS", "/nowhere").status == 404)
        }
        try await APITestServer.with(configure: { $0.crossOrigins = ["https://a.example"] }) { server in
            let options = try await server.send("OPTIONS", "/candles", headers: preflight)
            #expect(options.headers["access-control-allow-origin"] == "https://a.example")
            #expect(options.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS")
            #expect(options.headers["vary"] == "Origin")
            let refused = try await server.get("/price?symbol=X!", headers: ["Origin": "https://a.example"])
            #expect(refused.status == 400 && refused.headers["access-control-allow-origin"] == "https://a.example")
            let other = try await server.get("/symbols", headers: ["Origin": "https://b.example"])
            #expect(other.headers["access-control-allow-origin"] == nil && other.headers["vary"] == "Origin")
        }
        try await APITestServer.with(configure: { $0.crossOrigins = ["*"] }) { server in
            let answer = try await server.get("/symbols", headers: ["Origin": "https://b.example"])
            #expect(answer.headers["access-control-allow-origin"] == "*")
        }
    }
}
