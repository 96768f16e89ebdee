namespace Scenarios.Model;

/// <summary>The names that a script can give to many registers and policies at once.</summary>
internal static class Presets
{
    /// <summary>What firmware and chipset do with errors: <c>platform: {errors: NAME}</c>.</summary>
    public static readonly PresetFile Platforms = new("presets.yaml", "platform", "errors", "preset");

    /// <summary>What the host kernel does: <c>kernel: {policy: NAME}</c>.</summary>
    public static readonly PresetFile Kernels = new("kernels.yaml", "kernel", "policy", "kernel policy");

    internal static IEnumerable<string> PlatformNames => Platforms.Names;

    internal static IEnumerable<string> KernelNames => Kernels.Names;
}
