import CLibPQ
import ClientThreads

extension Session {
    /// How a batch ended, and whether the connection can go on.
    struct BatchEnd {
        var outcome: PostgresOutcome
        var isUsable: Bool
    }

    /// Sends a batch and waits for all its answers.
    ///
    /// - Parameters:
    ///   - statements: What to run, in order; an error of one skips the rest.
    ///   - isTransaction: Whether BEGIN and COMMIT go around them.
    ///   - wake: Interrupts the wait.
    ///   - isCancelRequested: Asked after each interruption.
    mutating func run(
        _ statements: [PostgresStatement], isTransaction: Bool, wake: WakePipe,
        isCancelRequested: () -> Bool
    ) -> BatchEnd {
        var reply = BatchReply(statements, isTransaction: isTransaction)
        if isTransaction, isInTransaction {
            let problem = PostgresError(.usage, "a transaction is open on this connection already")
            return BatchEnd(outcome: .rolledBack(problem), isUsable: true)
        }
        let plans: [SendPlan]
        do {
            plans = try statements.map { statement throws(PostgresError) in try SendPlan(statement) }
        } catch {
            return BatchEnd(outcome: .rolledBack(error), isUsable: true)
        }
        var expectations: [Expectation] = []
        if send(plans, isTransaction: isTransaction, &expectations, &reply) {
            collect(expectations, &reply, wake: wake, isCancelRequested: isCancelRequested)
        } else {
            // Without its synchronization point what was queued is void as soon as the connection is closed.
            reply.lose(lossProblem())
        }
        if let index = reply.staleStatement, let key = plans[index].key { prepared.remove(key) }
        let outcome = reply.outcome
        guard reply.loss == nil, isAlive else { return BatchEnd(outcome: outcome, isUsable: false) }
        // After an error the COMMIT was skipped, and the server waits inside the failed transaction.
        if isTransaction, isInTransaction { rollBack(wake: wake) }
        return BatchEnd(outcome: outcome, isUsable: isAlive)
    }

    /// Runs several statements in one text, which pipeline mode does not allow.
    mutating func runScript(
        _ sql: String, wake: WakePipe, isCancelRequested: () -> Bool
    ) -> BatchEnd {
        if sql.utf8.contains(0) {
            let problem = PostgresError(.usage, "the script contains a NUL character")
            return BatchEnd(outcome: .rolledBack(problem), isUsable: true)
        }
        var reply = BatchReply([PostgresStatement(sql)], isTransaction: false)
        if PQexitPipelineMode(handle) == 1, PQsendQuery(handle, sql) == 1 {
            reply.isCommitSent = true
            collectScript(&reply, wake: wake, isCancelRequested: isCancelRequested)
        } else {
            reply.lose(lossProblem())
        }
        let isUsable = reply.loss == nil && isAlive && PQenterPipelineMode(handle) == 1
        return BatchEnd(outcome: reply.outcome, isUsable: isUsable)
    }

    private mutating func rollBack(wake: WakePipe) {
        var reply = BatchReply([PostgresStatement("ROLLBACK", isPrepared: false)], isTransaction: false)
        guard sendPlain("ROLLBACK"), PQpipelineSync(handle) == 1 else { return }
        collect([.statement(0), .synchronized], &reply, wake: wake, isCancelRequested: { false })
    }

    // MARK: Sending

    /// Queues everything; libpq sends it while ``collect(_:_:wake:isCancelRequested:)`` waits.
    ///
    /// - Returns: false when libpq has no memory or the connection is gone.
    private mutating func send(
        _ plans: [SendPlan], isTransaction: Bool, _ expectations: inout [Expectation], _ reply: inout BatchReply
    ) -> Bool {
        var names: [PreparedStatements.Key: String] = [:]
        guard prepare(plans, &names, &expectations) else { return false }
        if isTransaction {
            guard sendPlain("BEGIN") else { return false }
            expectations.append(.began)
        }
        for (index, plan) in plans.enumerated() {
            guard plan.send(on: handle, preparedName: plan.key.flatMap { names[$0] }) else { return false }
            expectations.append(.statement(index))
        }
        // From here on libpq may send what commits: COMMIT, or without BEGIN the synchronization point.
        reply.isCommitSent = true
        if isTransaction {
            guard sendPlain("COMMIT") else { return false }
            expectations.append(.committed)
        }
        expectations.append(.synchronized)
        return PQpipelineSync(handle) == 1
    }

    /// Prepares what is not prepared yet, behind a synchronization point of its own: so the names are good whatever
    /// happens to the batch.
    private mutating func prepare(
        _ plans: [SendPlan], _ names: inout [PreparedStatements.Key: String], _ expectations: inout [Expectation]
    ) -> Bool {
        let mark = prepared.now
        var missing: [(key: PreparedStatements.Key, name: String)] = []
        for key in plans.lazy.compactMap(\.key) where names[key] == nil {
            if let name = prepared.name(of: key) {
                names[key] = name
            } else {
                let name = prepared.freshName()
                names[key] = name
                missing.append((key, name))
            }
        }
        if missing.isEmpty { return true }
        for name in prepared.makeRoom(for: missing.count, sparing: mark) {
            guard sendPlain("DEALLOCATE \(name)") else { return false }
            expectations.append(.deallocated)
        }
        for (key, name) in missing {
            let status = PQsendPrepare(
                handle, name, key.sql, Int32(truncatingIfNeeded: key.typeIDs.count), key.typeIDs)
            guard status == 1 else { return false }
            expectations.append(.prepared(key, name: name))
        }
        expectations.append(.preparationsDone)
        return PQpipelineSync(handle) == 1
    }

    private func sendPlain(_ sql: String) -> Bool {
        PQsendQueryParams(handle, sql, 0, nil, nil, nil, nil, 0) == 1
    }
}
