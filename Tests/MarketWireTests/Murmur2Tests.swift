import MarketWire
import Testing

@Suite struct Murmur2Tests {
    /// The vectors of Apache Kafka's own UtilsTest.
    @Test(arguments: [
        ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
    ])
    func hashEqualsJava(_ key: String, _ expected: Int) {
        #expect(Murmur2.hash(key) == Int32(expected))
    }

    @Test func partitionsFollowJavaToPositive() {
        // toPositive(-973932308) = 1173551340: the sign bit is masked, not negated.
        #expect(Murmur2.partition(key: "21", partitions: 12) == 1_173_551_340 % 12)
        #expect(Murmur2.partition(key: "abc", partitions: 12) == 479_470_107 % 12)
        for key in ["BTCUSDT", "ETHUSDT", "kraken:BTC/USD", ""] {
            #expect((0..<12).contains(Murmur2.partition(key: key, partitions: 12)))
            #expect(Murmur2.partition(key: key, partitions: 1) == 0)
            #expect(Murmur2.partition(key: key, partitions: 0) == 0)
        }
    }

    @Test func hashSeesEveryByte() {
        let key: [UInt8] = Array("kraken:BTC/USD".utf8)
        for index in key.indices {
            var other = key
            other[index] ^= 0x80
            #expect(Murmur2.hash(other) != Murmur2.hash(key))
        }
    }
}
