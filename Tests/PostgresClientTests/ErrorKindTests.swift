import Testing

@testable import PostgresClient

struct ErrorKindTests {
    @Test(arguments: [
        ("40001", PostgresError.Kind.serialization, true), ("40P01", .deadlock, true), ("53100", .diskFull, true),
        ("53300", .resources, true), ("55P03", .lockTimeout, true), ("57014", .statementTimeout, true),
        ("57P01", .shutdown, true), ("25P03", .shutdown, true), ("25006", .readOnly, true),
        ("08006", .connectionLost, true),
        ("23505", .uniqueViolation, false), ("23514", .integrity, false), ("28P01", .authentication, false),
        ("42P01", .sqlSyntax, false), ("MS001", .raised, false), ("22003", .server, false),
    ])
    func aSQLStateTellsWhatToDo(sqlState: String, kind: PostgresError.Kind, isTransient: Bool) {
        let found = PostgresError.Kind(sqlState: sqlState, isCancelRequested: false)
        #expect(found == kind)
        #expect(PostgresError(found, "x").isTransient == isTransient)
    }

    @Test func theSameCodeIsACancellationWhenOneWasAskedFor() {
        #expect(PostgresError.Kind(sqlState: "57014", isCancelRequested: true) == .cancelled)
    }

    @Test func theStatementIsShortenedAndTheDescriptionSaysAll() {
        let error = PostgresError(.integrity, "no row", sqlState: "23514", detail: "d", hint: "h")
            .at(2, String(repeating: "x", count: 1_000))
        #expect(error.statement?.count == 301)
        #expect(error.description.hasPrefix("PostgreSQL: no row (SQLSTATE 23514); detail: d; hint: h; statement: xxx"))
    }
}
