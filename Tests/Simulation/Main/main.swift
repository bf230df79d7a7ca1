import Simulation

#if canImport(Glibc)
import Glibc
#endif

exit(await SimulateProgram.run(Array(CommandLine.arguments.dropFirst())))
