import ExchangeSimulator
import ServiceKit

await ExchangeSimulatorProgram.program.main()
