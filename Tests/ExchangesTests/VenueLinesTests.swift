import MarketCore
import MarketWire
import Synchronization
import TestServers
import Testing
import WebSockets

@testable import Exchanges

/// How instruments are shared out among connections.
@Suite struct SharingTests {
    private func instruments(_ names: String) throws -> [Instrument] {
        try names.split(separator: " ").map { try Instrument(key: String($0)) }
    }

    private func shares(_ lines: VenueLines) -> [String] {
        lines.connections.map { "\($0.name): " + $0.instruments.map(\.symbol).joined(separator: " ") }
    }

    @Test func openConnectionsKeepWhatTheyHave() throws {
        let lines = VenueLines(venue: "binance", size: 2, limit: 3)
        #expect(try lines.follow(instruments("A B C D E")).isEmpty)
        #expect(shares(lines) == ["binance: A B", "binance-2: C D", "binance-3: E"])
        // A new one takes the first place that is free, and nobody moves.
        #expect(try lines.follow(instruments("F B C D E")).isEmpty)
        #expect(shares(lines) == ["binance: B F", "binance-2: C D", "binance-3: E"])
        #expect(try lines.follow(instruments("E")).isEmpty)
        #expect(shares(lines) == ["binance-3: E"])
        #expect(try lines.follow(instruments("E G")).isEmpty)
        #expect(shares(lines) == ["binance: G", "binance-3: E"])
        #expect(lines.follow([]).isEmpty && lines.connections.isEmpty)
    }

    @Test func whatThereIsNoRoomForIsGivenBack() throws {
        let lines = VenueLines(venue: "binance", size: 2, limit: 2)
        #expect(try lines.follow(instruments("A B C D E F")) == instruments("E F"))
        #expect(shares(lines) == ["binance: A B", "binance-2: C D"])
        let endless = VenueLines(venue: "kraken")
        #expect(try endless.follow(instruments("kraken:A kraken:B")).isEmpty)
        #expect(shares(endless) == ["kraken: A B"])
    }
}

/// Attempts to connect, counted as the venue counts them.
@Suite struct AttemptWindowTests {
    @Test func noWindowHasMoreThanTheLimit() {
        var window = AttemptWindow(AttemptLimit(count: 3, span: .seconds(300)))
        var made: [Duration] = []
        var now = Duration.zero
        for number in 0..<50 {
            let wait = window.book(at: now)
            made.append(now + wait)
            // Now and then the next one comes before this one was made.
            now += .seconds(number.isMultiple(of: 3) ? 1 : 70)
        }
        #expect(made.prefix(3) == [.zero, .seconds(1), .seconds(71)], "those within the limit do not wait")
        for (place, time) in made.enumerated() where place >= 3 {
            #expect(time - made[place - 3] >= .seconds(300), "the \(place)th")
        }
    }
}

/// What is followed changes while a connection is open.
@Suite(.timeLimit(.minutes(2))) struct RunTimeSubscriptionTests {
    /// Grants everything and sends a trade of each stream that is asked for.
    private static func script(_ asked: Log) -> ScriptedVenue.Script {
        { number, session in
            for await message in session.messages {
                guard let text = message.text else { continue }
                let request = try BinanceRequest(parsing: Array(text.utf8).span.bytes)
                switch request.method {
                case .subscribe(let names): asked.add("\(number) + " + names.joined(separator: " "))
                case .unsubscribe(let names): asked.add("\(number) - " + names.joined(separator: " "))
                default: continue
                }
                let id = try #require(try JSONValue(parsing: Array(text.utf8))["id"]?.integer)
                try await session.send(text: #"{"result":null,"id":\#(id)}"#)
                // Both symbols, whatever was asked: the reader must know which are followed.
                for (symbol, trade) in [("BTCUSDT", 100), ("ETHUSDT", 200)] {
                    try await session.send(
                        text: #"{"e":"trade","E":1,"s":"\#(symbol)","t":\#(trade + Int(id)),"p":"1","q":"2","T":1,"#
                            + #""m":true,"M":true}"#)
                }
            }
        }
    }

    final class Log: Sendable {
        private let lines = Mutex<[String]>([])

        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    @Test func theOpenConnectionAsksForWhatIsNew() async throws {
        let asked = Log()
        let (bitcoin, ether) = (try Instrument(key: "BTCUSDT"), try Instrument(key: "ETHUSDT"))
        try await ScriptedVenue.with(script: Self.script(asked)) { venue in
            let receiver = RecordingReceiver()
            let feed = try venue.feed()
            try await venue.follow(feed, receiver) {
                try await waitUntil("the first", withinMillis: 30_000) { receiver.ids == [101] }
                _ = feed.lines.follow([bitcoin, ether])
                try await waitUntil("both", withinMillis: 30_000) { receiver.ids == [101, 102, 202] }
                _ = feed.lines.follow([ether])
                try await waitUntil("the second alone", withinMillis: 30_000) { receiver.ids.last == 203 }
            }
            #expect(receiver.ids == [101, 102, 202, 203])
            #expect(receiver.connectedCount == 1 && receiver.disconnections.isEmpty)
        }
        #expect(asked.all == ["1 + btcusdt@trade", "1 + ethusdt@trade", "1 - btcusdt@trade"])
    }

    @Test func aConnectionIsLetGoWithItsLastInstrumentAndMadeForANewOne() async throws {
        let asked = Log()
        try await ScriptedVenue.with(script: Self.script(asked)) { venue in
            let receiver = RecordingReceiver()
            let feed = try venue.feed([])
            try await venue.follow(feed, receiver) {
                _ = feed.lines.follow([try Instrument(key: "BTCUSDT")])
                try await waitUntil("the first", withinMillis: 30_000) { receiver.ids == [101] }
                _ = feed.lines.follow([])
                try await waitUntil("it is let go", withinMillis: 30_000) { receiver.releasedCount == 1 }
                _ = feed.lines.follow([try Instrument(key: "ETHUSDT")])
                try await waitUntil("another", withinMillis: 30_000) { receiver.ids == [101, 201] }
            }
            #expect(receiver.connectedCount == 2 && receiver.disconnections.isEmpty)
        }
        #expect(asked.all == ["1 + btcusdt@trade", "2 + ethusdt@trade"])
    }
}
