import Foundation

/// The project's files, as they lie in the folder (no git needed, so that an exported copy can be tested too).
enum Repository {
    /// The folder that holds Package.swift.
    static let root: URL = {
        var folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        while folder.path != "/", !FileManager.default.fileExists(atPath: folder.path + "/Package.swift") {
            folder.deleteLastPathComponent()
        }
        return folder
    }()

    /// Paths of all files of the project, relative to ``root``, sorted; what is built or fetched is left out.
    static let paths: [String] = {
        let generated: Set<String> = [
            ".build", ".git", ".deps", ".run", "__pycache__", ".pytest_cache", "node_modules",
        ]
        var result: [String] = []
        func walk(_ folder: String) {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path + "/" + folder)) ?? []
            for name in names.sorted() where !generated.contains(name) {
                let path = folder.isEmpty ? name : folder + "/" + name
                var isFolder: ObjCBool = false
                guard FileManager.default.fileExists(atPath: root.path + "/" + path, isDirectory: &isFolder) else {
                    continue
                }
                if isFolder.boolValue { walk(path) } else { result.append(path) }
            }
        }
        walk("")
        return result
    }()

    /// Our Swift sources outside of tests and benchmarks.
    static var productPaths: [String] {
        paths.filter { $0.hasSuffix(".swift") && isUnder(["Sources", "services", "schemas"], $0) }
    }

    static var swiftPaths: [String] { paths.filter { $0.hasSuffix(".swift") } }

    /// The scripts that people call; what is under scripts/lib is read by them.
    static var scriptPaths: [String] {
        paths.filter { $0 == ".ci/run" || $0.hasPrefix("scripts/") && !$0.hasPrefix("scripts/lib/") }
    }

    static func isUnder(_ folders: [String], _ path: String) -> Bool {
        folders.contains { path.hasPrefix($0 + "/") }
    }

    static func text(_ path: String) -> String {
        (try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)) ?? ""
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
    }
}
