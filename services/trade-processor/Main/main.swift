import TradeProcessor

await TradeProcessorProgram.main()
