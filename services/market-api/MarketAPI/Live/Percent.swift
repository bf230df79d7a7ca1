import MarketCore

/// Percentages for people: two decimal places, rounded half away from zero, computed in integers.
enum Percent {
    /// The change between two prices, `1.25` or `-0.03`; nil when there is nothing to compare with.
    static func change(from open: Price, to price: Price) -> String? {
        Ratio.percent(from: open, to: price, places: 2)
    }
}
