import CRdKafka

/// The memory of what was fetched ahead.
public enum FetchedMemory {
    /// Has all threads take their memory from two pools, not from eight for each core (`mallopt(3)`, `M_ARENA_MAX`):
    /// what one thread makes and another gives back leaves fewer pages that cannot be given back. For the whole
    /// process, and before it has more threads.
    public static func limitPools() {
        #if canImport(Glibc)
        mallopt(M_ARENA_MAX, 2)
        #endif
    }

    /// Gives pages that nothing lies in any more back to the system, on a thread of its own: glibc keeps what was once
    /// needed for the next time (`malloc_trim(3)`). For after a backlog, whose messages took far more than live ones
    /// ever will.
    public static func giveBack() {
        #if canImport(Glibc)
        // Where no thread can be had the memory stays as it is.
        try? OwnThread.start { malloc_trim(0) }
        #endif
    }
}
