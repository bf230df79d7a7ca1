import ServiceKit

/// The ways out of what the processor will not decide by itself, for `trade-processor --help`.
enum RecoveryCommands {
    static let all: [ServiceProgram.Command] = [
        StatusCommand.command, QuarantineCommands.list, QuarantineCommands.replay, LateTradeCommands.list,
        LateTradeCommands.apply, ControlCommands.newGeneration, ControlCommands.reopen,
    ]
}
