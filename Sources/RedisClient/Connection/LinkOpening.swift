/// How a connection is made: name lookup, TCP, TLS, user and password, database; all of it before one deadline.
struct LinkOpening {
    let configuration: RedisConfiguration
    let resolver: HostResolver
    let waiter: ThreadWait

    func open() throws(RedisError) -> Link {
        let deadline = waiter.nowMillis.addingClamped(configuration.connectTimeoutMillis)
        let peer = configuration.peer
        let addresses = try resolver.addresses(waiter, untilMillis: deadline)
        let socket = try TCPSocket.connect(to: addresses, peer: peer, waiter, untilMillis: deadline)
        var tls: TLSSession?
        if let files = configuration.tls {
            let session = try TLSSession(files, host: configuration.host, over: socket)
            try session.handshake(peer: peer, waiter, untilMillis: deadline)
            tls = session
        }
        let link = try Link(peer: peer, socket: socket, tls: tls)
        try greet(link, untilMillis: deadline)
        return link
    }

    /// The first commands, in one write; PING shows that the server works, not only that the system listens for it.
    private func greet(_ link: Link, untilMillis deadline: Int64) throws(RedisError) {
        var commands: [RedisCommand] = []
        if let password = configuration.password {
            commands.append(RedisCommand(["AUTH"] + [configuration.username, password.text].compactMap(\.self)))
        }
        if configuration.database != 0 { commands.append(["SELECT", String(configuration.database)]) }
        commands.append(["PING"])
        link.append(CommandEncoding.encodeUnchecked(commands))
        for command in commands {
            let reply = try nextReply(link, untilMillis: deadline)
            if case .error(let error) = reply { throw refusal(of: command, error, link.peer) }
        }
    }

    private func nextReply(_ link: Link, untilMillis deadline: Int64) throws(RedisError) -> RedisReply {
        while true {
            if let reply = try link.nextReply() { return reply }
            try link.flush()
            // TLS may hold the reply already.
            if try link.receive() { continue }
            if let reply = try link.nextReply() { return reply }
            guard waiter.nowMillis < deadline else {
                throw RedisError(.connectionLost, "\(link.peer) took the connection but does not answer")
            }
            _ = try waiter.wait(for: link.descriptor, events: link.events, untilMillis: deadline)
        }
    }

    private func refusal(of command: RedisCommand, _ error: RedisServerError, _ peer: String) -> RedisError {
        let message = configuration.password?.masked(in: error.message) ?? error.message
        switch (command.word(at: 0), error.code) {
        case ("AUTH", _), (_, "NOAUTH"), (_, "WRONGPASS"):
            return RedisError(.authentication, "\(peer) refused user or password: \(message)")
        case (_, "LOADING"), (_, "MASTERDOWN"), (_, "BUSY"):
            return RedisError(.connectionLost, "\(peer) is not ready: \(message)")
        case ("SELECT", _):
            return RedisError(.configuration, "\(peer) refused database \(configuration.database): \(message)")
        default:
            return RedisError(.server(error.code), "\(peer): \(message)")
        }
    }
}
