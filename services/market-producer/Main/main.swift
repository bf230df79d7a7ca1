import MarketProducer
import ServiceKit

await MarketProducerProgram.program.main()
