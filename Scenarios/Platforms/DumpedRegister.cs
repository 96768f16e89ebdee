using Scenarios.Model;

namespace Scenarios.Platforms;

/// <summary>A register of a dumped Function, by the specification's name, and what a run does with its bits.</summary>
/// <param name="Name">Its name in the register tables.</param>
/// <param name="Bytes">2 or 4.</param>
/// <param name="Value">What the dump shows.</param>
internal sealed record DumpedRegister(string Name, int Bytes, uint Value)
{
    /// <summary>Only announced: the simulated Function is built like that.</summary>
    public bool IsAnnounced { get; init; }

    /// <summary>Bits that no host software sets: always as found.</summary>
    public uint Hardware { get; init; }

    /// <summary>Bits that firmware sets and the operating system leaves.</summary>
    public uint Firmware { get; init; }

    /// <summary>Bits that the operating system sets.</summary>
    public uint Host { get; init; }

    public string Hex => Bytes == 2 ? $"{Value:x4}h" : $"{Value:x8}h";

    /// <summary>The bits that stay as found.</summary>
    /// <param name="host">What the host software sets; null for what a script says.</param>
    public uint Kept(HostSetup? host) => host?.Keeps switch
    {
        Keeps.Everything => Hardware | Firmware | Host,
        Keeps.Firmware => Hardware | Firmware,
        _ => Hardware,
    };

    /// <summary>What becomes of the register, in words.</summary>
    public string Says(HostSetup? host)
    {
        if (IsAnnounced) return "announced";
        var kept = Kept(host);
        return kept == 0 ? "left to the host" : kept == uint.MaxValue || (Firmware | Host) == 0 || kept == (Hardware | Firmware | Host)
            ? "as found"
            : $"bits {kept:x}h as found, the others left to the host";
    }
}
