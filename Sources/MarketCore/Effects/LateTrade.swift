/// An accepted trade whose 10 s row retention has dropped: a row of `late_trades`, unique by
/// (instrument, generation, id).
public struct LateTrade: Hashable, Sendable {
    public var generation: Int32
    public var trade: TradeInput

    public init(generation: Int32, trade: TradeInput) {
        self.generation = generation
        self.trade = trade
    }
}
