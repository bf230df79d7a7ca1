#if canImport(Glibc)
import Glibc
#endif

/// What the process uses of the machine, out of `/proc/self` (Linux).
enum ProcessUsage {
    /// - Parameter startedMicros: when the process started, unix microseconds.
    static func readings(startedMicros: Int64) -> [MetricReading] {
        var readings = [
            MetricReading("process_cpu_seconds_total", [], cpuSeconds()),
            MetricReading("process_start_time_seconds", [], Double(startedMicros) / 1e6),
        ]
        // proc(5): pages in all, pages in memory, ...
        let pages = text(of: "/proc/self/statm")?.split(separator: " ").dropFirst().first.flatMap { Double($0) }
        if let pages { readings.append(MetricReading("process_resident_memory_bytes", [], pages * Double(pageBytes))) }
        if let threads = threads() { readings.append(MetricReading("process_threads", [], threads)) }
        if let open = openFiles() { readings.append(MetricReading("process_open_fds", [], Double(open))) }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            readings.append(MetricReading("process_max_fds", [], Double(limit.rlim_cur)))
        }
        return readings
    }

    private static let pageBytes = sysconf(Int32(_SC_PAGESIZE))

    private static func cpuSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// proc(5), `stat`: the 20th field; the second, a name in brackets, may hold anything.
    private static func threads() -> Double? {
        guard let stat = text(of: "/proc/self/stat"), let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[end...].split(separator: " ").dropFirst()
        return fields.dropFirst(17).first.flatMap { Double($0) }
    }

    private static func openFiles() -> Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Itself, its parent, and the folder that is being read.
        return count - 3
    }

    private static func text(of path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = read(file, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }
}
