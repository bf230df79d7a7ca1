import CLibPQ

/// Collects the answers to one batch and says in the end how it went.
struct BatchReply {
    private let statements: [PostgresStatement]
    private let isTransaction: Bool
    private var rows: [PostgresRows] = []
    /// The first error of the server. Those after it follow from it.
    private var firstError: PostgresError?
    /// Whether the server's session ended with `firstError`.
    private var isErrorFatal = false
    /// Why answers are missing; the connection is of no use after that.
    private(set) var loss: PostgresError?
    private var isCommitted = false
    private var failedAtCommit = false
    /// Whether anything that commits may have reached the server.
    var isCommitSent = false

    init(_ statements: [PostgresStatement], isTransaction: Bool) {
        self.statements = statements
        self.isTransaction = isTransaction
        rows.reserveCapacity(statements.count)
    }

    /// Notes an answer, which it takes over.
    mutating func take(_ result: OpaquePointer, for expectation: Expectation, isCancelRequested: Bool) {
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY, PGRES_PIPELINE_SYNC:
            takeSuccess(result, for: expectation)
        case PGRES_PIPELINE_ABORTED:
            PQclear(result)
        case PGRES_FATAL_ERROR, PGRES_NONFATAL_ERROR, PGRES_BAD_RESPONSE:
            let report = ServerErrorReport(result, isCancelRequested: isCancelRequested)
            PQclear(result)
            if report.isFromServer {
                fail(report.error, isFatal: report.isFatal, at: expectation)
            } else {
                lose(report.error)
            }
        default:
            PQclear(result)
            lose(PostgresError(.usage, "COPY is not supported by this client"))
        }
    }

    /// Notes that a script, whose answers do not matter one by one, is through.
    mutating func finishScript() {
        if firstError == nil, loss == nil { isCommitted = true }
    }

    /// Notes that no further answer comes, or none that can be understood.
    mutating func lose(_ error: PostgresError) {
        if loss == nil { loss = error }
    }

    private mutating func takeSuccess(_ result: OpaquePointer, for expectation: Expectation) {
        switch expectation {
        case .statement:
            rows.append(PostgresRows(ResultStorage(owning: result)))
        case .committed:
            // In a transaction that has failed, COMMIT succeeds and says ROLLBACK.
            isCommitted = String(cString: PQcmdStatus(result)) == "COMMIT"
            PQclear(result)
        case .synchronized:
            if !isTransaction, firstError == nil { isCommitted = true }
            PQclear(result)
        case .deallocated, .prepared, .preparationsDone, .began:
            PQclear(result)
        }
    }

    /// Notes an error of the server, or one found before anything that commits was sent.
    mutating func fail(_ error: PostgresError, isFatal: Bool, at expectation: Expectation?) {
        guard firstError == nil else { return }
        isErrorFatal = isFatal
        switch expectation {
        case .statement(let index):
            firstError = error.at(index, statements.indices.contains(index) ? statements[index].sql : nil)
        case .prepared(let key, _):
            firstError = error.at(statements.firstIndex { $0.sql == key.sql }, key.sql)
        case .committed:
            failedAtCommit = true
            firstError = error.at(nil, "COMMIT")
        case .synchronized:
            failedAtCommit = !isTransaction
            firstError = error
        case .deallocated, .preparationsDone, .began, nil:
            firstError = error
        }
    }

    /// The statement that failed because what was prepared no longer fits: its table has changed (0A000), or somebody
    /// has
    /// deallocated it (26000). Prepared anew it works.
    var staleStatement: Int? {
        guard let firstError, let index = firstError.statementIndex, statements.indices.contains(index) else {
            return nil
        }
        return ["0A000", "26000"].contains(firstError.sqlState ?? "") ? index : nil
    }

    /// How the batch ended, when all its answers are there or the connection is gone.
    var outcome: PostgresOutcome {
        if isCommitted { return .committed(rows) }
        if let firstError {
            // A session that dies in COMMIT may have committed before it died; any other error came instead of the
            // commit.
            return isErrorFatal && failedAtCommit ? .ambiguous(firstError) : .rolledBack(firstError)
        }
        if let loss { return isCommitSent ? .ambiguous(loss) : .rolledBack(loss) }
        return .rolledBack(PostgresError(.server, "COMMIT was answered by ROLLBACK"))
    }
}
