/// The version of all executables (SemVer; topics and schemas count as interface).
public enum Version {
    public static let text = "0.1.0"
}
