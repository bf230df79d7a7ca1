import Foundation
import MarketCore
import NIOCore
import TestServers
import Testing
import WebSockets

@testable import Exchanges

/// What is recorded is read again as the live connections were.
@Suite(.timeLimit(.minutes(3))) struct CaptureTests {
    private let instruments: [Instrument]
    private let messages: [String]

    init() throws {
        instruments = try ["coinbase:BTC-USD", "coinbase:ETH-USD"].map { try Instrument(key: $0) }
        messages = try TestData.coinbaseMessages()
    }

    /// Records sessions of Coinbase, each message with a time of receipt of its own.
    private func record(_ path: String, _ sessions: [[String]], source: String = "binance") async throws {
        let recorder = try await CaptureRecorder(
            path, source: source, instruments: instruments, startedTimeMicros: 1)
        let writing = Task { try await recorder.run() }
        var time: Int64 = 1_000
        for messages in sessions {
            let session = recorder.session(venue: "coinbase", connection: "coinbase")
            for message in messages {
                time += 1
                try await session.take([.text(ByteBuffer(string: message))], receivedTimeMicros: time)
            }
        }
        writing.cancel()
        try await writing.value
        #expect(recorder.progress.messageCount == Int64(sessions.map(\.count).reduce(0, +)))
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int64
        #expect(recorder.progress.fileBytes == size)
    }

    /// As the live connection reads them.
    private func live(_ messages: [String], from time: Int64 = 1_000) throws -> [Trade] {
        var reader = CoinbaseDialect(address: "").makeReader(instruments)
        var trades: [Trade] = []
        for (place, message) in messages.enumerated() {
            let received = time + Int64(place) + 1
            let signal = try reader.read(
                ByteBuffer(string: message), receivedTimeMicros: received, into: &trades)
            if case .broken = signal { break }
        }
        return trades
    }

    @Test func aRealConnectionComesOutAsItWentIn() async throws {
        try await RecordedFolder.with { folder in
            let path = folder.path("coinbase.jsonl.gz")
            try await record(path, [messages])
            let read = try await ReadRecording([path])
            let expected = try live(messages)
            #expect(read.trades.count == 279 && read.trades == expected)
            #expect(read.failure == nil && read.unusableCount == 0 && read.notes == [])
        }
    }

    /// A connection that lost a message is left, as the live one was; its successor has a reader of its own.
    @Test func eachConnectionHasAReader() async throws {
        try await RecordedFolder.with { folder in
            let path = folder.path("coinbase.jsonl.gz")
            let broken = Array(messages[..<20] + messages[21...])
            try await record(path, [broken, messages])
            let read = try await ReadRecording([path])
            let expected = try live(broken) + live(messages, from: 1_000 + Int64(broken.count))
            #expect(read.trades == expected)
            #expect(read.trades.count < 2 * 279)
            #expect(read.unusableCount == 1)
            #expect(read.notes.count == 1 && read.notes[0].contains("sequence_num went from 19 to 21"))
        }
    }

    @Test func messagesThatTheLiveConnectionCannotUseAreCounted() async throws {
        try await RecordedFolder.with { folder in
            let path = folder.path("coinbase.jsonl.gz")
            let odd = ["{}", "\u{0}\"\\\u{2028}€", "[]", #"{"type":"error","message":"no"}"#]
            try await record(path, [odd + messages])
            let read = try await ReadRecording([path])
            #expect(read.trades.count == 279 && read.unusableCount == odd.count && read.failure == nil)
        }
    }

    /// Killed at any byte: everything up to the last whole line.
    @Test func aCaptureThatIsCutOffGivesItsBeginning() async throws {
        try await RecordedFolder.with { folder in
            let path = folder.path("coinbase.jsonl.gz")
            try await record(path, [messages])
            let whole = [UInt8](try Data(contentsOf: URL(filePath: path)))
            let all = try live(messages)
            for length in [whole.count / 2, whole.count - 100, whole.count - 1] {
                let cut = try folder.write("cut.jsonl.gz", whole.prefix(length))
                let read = try await ReadRecording([cut])
                #expect(read.failure == nil && all.starts(with: read.trades) && read.trades.count > 100)
                #expect(read.notes.count == 1 && read.notes[0].contains("is cut off behind line"))
            }
        }
    }

    @Test func capturesArePutTogether() async throws {
        try await RecordedFolder.with { folder in
            try await record(folder.path("a.gz"), [messages])
            let one = [UInt8](try Data(contentsOf: URL(filePath: folder.path("a.gz"))))
            let read = try await ReadRecording([try folder.write("both.gz", one + one)])
            #expect(read.trades.count == 2 * 279 && read.failure == nil && read.unusableCount == 0)
        }
    }

    @Test func anotherMarketsCaptureIsRefused() async throws {
        try await RecordedFolder.with { folder in
            let path = folder.path("simulated.gz")
            try await record(path, [messages], source: "simulator:seed=1")
            let error = await #expect(throws: RecordingError.self) { try await ReadRecording([path]) }
            #expect(error?.description.contains("MARKET_SOURCE=simulator:seed=1") == true)
            #expect(try await ReadRecording([path], source: "simulator:seed=1").trades.count == 279)
        }
    }

    @Test func nothingIsOverwritten() async throws {
        try await RecordedFolder.with { folder in
            let path = try folder.write("there.gz", [1])
            let error = await #expect(throws: RecordingError.self) { try await record(path, []) }
            #expect(error?.description.contains("is there already") == true)
            #expect(try Data(contentsOf: URL(filePath: path)) == Data([1]))
        }
    }

    /// While nothing is written, so much is taken and no more.
    @Test func aFullQueueBlocks() async throws {
        try await RecordedFolder.with { folder in
            let recorder = try await CaptureRecorder(
                folder.path("full.gz"), source: "binance", instruments: instruments, startedTimeMicros: 1)
            let session = recorder.session(venue: "coinbase", connection: "coinbase")
            let megabyte = WebSocketMessage.text(ByteBuffer(repeating: 0x61, count: 1 << 20))
            for _ in 0..<8 { try await session.take([megabyte], receivedTimeMicros: 1) }
            let blocked = Task { try await session.take([megabyte], receivedTimeMicros: 1) }
            let cancelled = Task { try await session.take([megabyte], receivedTimeMicros: 1) }
            cancelled.cancel()
            await #expect(throws: CancellationError.self) { try await cancelled.value }
            #expect(recorder.progress.messageCount == 8)
            let writing = Task { try await recorder.run() }
            try await blocked.value
            writing.cancel()
            try await writing.value
            #expect(recorder.progress.messageCount == 9)
            #expect(try await ReadRecording([folder.path("full.gz")]).unusableCount == 9)
        }
    }

    /// schemas/capture.sample.jsonl, which the schema's own test reads.
    @Test func theSampleIsWrittenToTheByte() async throws {
        let sample = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "schemas/capture.sample.jsonl")
        try await RecordedFolder.with { folder in
            let recorder = try await CaptureRecorder(
                folder.path("sample.gz"), source: "binance",
                instruments: try ["BTCUSDT", "kraken:BTC/USD"].map { try Instrument(key: $0) },
                startedTimeMicros: 1_786_309_548_000_000)
            let binance = recorder.session(venue: "binance", connection: "binance")
            let kraken = recorder.session(venue: "kraken", connection: "kraken")
            try await binance.take(
                [.text(ByteBuffer(string: #"{"result":null,"id":1}"#)), .binary(ByteBuffer(bytes: [1]))],
                receivedTimeMicros: 1_786_309_548_228_568)
            try await kraken.take(
                [.text(ByteBuffer(string: #"{"channel":"heartbeat"}"#))],
                receivedTimeMicros: 1_786_309_548_300_000)
            let writing = Task { try await recorder.run() }
            writing.cancel()
            try await writing.value
            let lines = try RecordingLines(folder.path("sample.gz"))
            var text: [UInt8] = []
            while let line = try lines.next() { text += line + [0x0A] }
            let expected = try String(contentsOf: sample, encoding: .utf8)
            #expect(String(decoding: text, as: UTF8.self) == expected)
            #expect(!lines.isCutOff)
        }
    }

    @Test(arguments: [
        #"{"venue":"coinbase","connection":"c","session":1,"received_time_us":1,"text":"{}"}"#,
        #"{"capture":2,"source":"binance","started_time_us":1,"instruments":["BTCUSDT"]}"#,
        #"{"capture":1,"source":"binance","started_time_us":1,"instruments":[]}"#,
        #"{"capture":1,"source":"binance","started_time_us":1,"instruments":["€"]}"#,
        #"{"capture":1,"started_time_us":1,"instruments":["BTCUSDT"]}"#,
    ])
    func whatDoesNotBeginAsACaptureIsRefused(_ line: String) async throws {
        try await RecordedFolder.with { folder in
            let path = try folder.write("x.jsonl", (line + "\n").utf8)
            await #expect(throws: RecordingError.self) { try await ReadRecording([path]) }
        }
    }

    @Test(arguments: [
        "[]", "nonsense", #"{"venue":"coinbase","connection":"c","session":0,"received_time_us":1,"text":"{}"}"#,
        #"{"venue":"coinbase","connection":"c","session":1,"received_time_us":-1,"text":"{}"}"#,
        #"{"venue":"coinbase","connection":"c","session":1,"received_time_us":1,"text":{}}"#,
        #"{"venue":"kraken","connection":"c","session":1,"received_time_us":1,"text":"{}"}"#,
        #"{"venue":"bitstamp","connection":"c","session":1,"received_time_us":1,"text":"{}"}"#,
    ])
    func aLineThatIsNoneIsNamed(_ line: String) async throws {
        try await RecordedFolder.with { folder in
            let header = #"{"capture":1,"source":"binance","started_time_us":1,"instruments":["coinbase:BTC-USD","#
            let all = [header + #""bitstamp:BTC/USD"]}"#, line]
            let path = try folder.write("x.jsonl", all.joined(separator: "\n").utf8)
            let read = try await ReadRecording([path])
            #expect(read.failure?.description.hasPrefix("\(path), line 2: ") == true)
            #expect(try await ReadRecording([path], skipsBadLines: true).skippedCount == 1)
        }
    }
}
