import Foundation
import Gzip
import Testing

/// Compressed bytes against the `gzip` of the system, whole, in pieces, cut off and damaged.
@Suite struct GzipTests {
    /// `printf 'hello\n' | gzip -n`
    private static let hello: [UInt8] = [
        0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xe7, 0x02, 0, 0x20, 0x30, 0x3a, 0x36,
        0x06, 0, 0, 0,
    ]

    /// Compressible and not, with a piece of zlib's size among the lengths.
    private static let contents: [[UInt8]] = {
        var state: UInt64 = 7
        return [0, 1, 100, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 1_000_000].map { count in
            (0..<count).map { place in
                state = state &* 6_364_136_223_846_793_005 &+ 1
                return place.isMultiple(of: 3) ? UInt8(truncatingIfNeeded: state >> 56) : 65
            }
        }
    }()

    private func inflated(_ bytes: [UInt8], pieces: Int = .max) throws -> (output: [UInt8], isWhole: Bool) {
        var inflater = try GzipInflater()
        var output: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            try inflater.inflate(Array(rest.prefix(pieces)), into: &output)
            rest = rest.dropFirst(pieces)
        }
        let isWhole = inflater.isBetweenMembers
        return (output, isWhole)
    }

    private func deflated(_ bytes: [UInt8], pieces: Int = .max, _ flush: GzipDeflater.Flush = .none) throws -> [UInt8] {
        var deflater = try GzipDeflater()
        var output: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            try deflater.deflate(Array(rest.prefix(pieces)), flush, into: &output)
            rest = rest.dropFirst(pieces)
        }
        try deflater.deflate([], .finish, into: &output)
        return output
    }

    @Test func whatGzipWroteIsRead() throws {
        let (output, isWhole) = try inflated(Self.hello)
        #expect(output == Array("hello\n".utf8) && isWhole)
    }

    @Test(arguments: [GzipDeflater.Flush.none, .sync]) func gzipReadsWhatIsWritten(_ flush: GzipDeflater.Flush) throws {
        for content in Self.contents {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = ["gzip", "-dc"]
            let folder = FileManager.default.temporaryDirectory.appending(path: "gzip-\(UUID().uuidString)")
            try Data(try deflated(content, pieces: 10_000, flush)).write(to: folder)
            defer { try? FileManager.default.removeItem(at: folder) }
            process.standardInput = try FileHandle(forReadingFrom: folder)
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let bytes = [UInt8](try output.fileHandleForReading.readToEnd() ?? Data())
            process.waitUntilExit()
            #expect(process.terminationStatus == 0 && bytes == content, "\(content.count) bytes")
        }
    }

    @Test(arguments: [1, 7, 4_096, .max]) func piecesOfAnySizeGiveTheSame(_ pieces: Int) throws {
        for content in Self.contents where content.count < 100_000 || pieces > 1 {
            let (output, isWhole) = try inflated(try deflated(content), pieces: pieces)
            #expect(output == content && isWhole == true, "\(content.count) bytes")
        }
    }

    @Test(arguments: [1, 20, .max]) func membersAreReadAsOne(_ pieces: Int) throws {
        let (output, isWhole) = try inflated(Self.hello + (try deflated([])) + Self.hello, pieces: pieces)
        #expect(output == Array("hello\nhello\n".utf8) && isWhole)
    }

    /// What was flushed can be read, however much is missing behind it.
    @Test func whatIsCutOffGivesItsBeginning() throws {
        let whole = Self.hello + Self.hello
        for length in 1..<whole.count where length != Self.hello.count {
            let (output, isWhole) = try inflated(Array(whole.prefix(length)))
            #expect(Array("hello\nhello\n".utf8).starts(with: output) && !isWhole, "\(length) bytes")
        }
        var deflater = try GzipDeflater()
        var flushed: [UInt8] = []
        try deflater.deflate(Self.contents[6], .sync, into: &flushed)
        let (output, isWhole) = try inflated(flushed)
        #expect(output == Self.contents[6] && !isWhole)
    }

    @Test func whatIsDamagedIsAnError() throws {
        let good = try deflated(Self.contents[2])
        // Neither the time nor the system in the header is part of what is checked.
        for place in good.indices where !(4...9).contains(place) {
            var bad = good
            bad[place] ^= 0x55
            let outcome = Result { try inflated(bad) }
            switch outcome {
            case .failure(let error): #expect(error is GzipError)
            // Flags that announce more of a header, or a block that wants more: it never ends.
            case .success(let read): #expect(!read.isWhole, "byte \(place)")
            }
        }
        #expect(throws: GzipError.self) { try inflated(Self.hello + Array("garbage".utf8)) }
        #expect(throws: GzipError.self) { try inflated(Array("no gzip at all".utf8)) }
    }
}
