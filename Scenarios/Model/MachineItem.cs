using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>The real machine that a script runs on.</summary>
public sealed class MachineItem : ScriptItem
{
    [Key("file", "Its 'lspci -xxxx' dump, or what 'pciesim topology' made of one; a path from the script's folder.", Required = true)]
    public string File { get; private set; } = "";

    [Key("port", "Where the devices go: a Root Port or Switch Downstream Port to attach them to, or an Endpoint that they replace; by "
        + "default the first Root Port with something below it.")]
    public string? Port { get; private set; }

    [Key("host", "What firmware and operating system set on it (`pciesim presets` lists the names); by default what 'platform' says.")]
    public Reference? Host { get; private set; }
}
