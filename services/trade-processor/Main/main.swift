import ServiceKit
import TradeProcessor

await TradeProcessorProgram.program.main()
