namespace Scenarios.Platforms;

/// <summary>How a run uses a register that a dump shows.</summary>
internal enum RegisterUse
{
    /// <summary>The simulated port announces it.</summary>
    Announced,

    /// <summary>It is written after boot, before the script's own registers.</summary>
    Written,

    /// <summary>An operating system sets it, so the host policy does; the dump's value is told and not used.</summary>
    LeftToHost,
}

/// <summary>A register of the dumped port, by the specification's name.</summary>
/// <param name="Name">Its name in the register tables.</param>
/// <param name="Bytes">2 or 4.</param>
/// <param name="Value">What the dump shows.</param>
/// <param name="Use">What becomes of it.</param>
/// <param name="Mask">The bits written, for <see cref="RegisterUse.Written"/>; the others are the host's.</param>
internal sealed record DumpedRegister(string Name, int Bytes, uint Value, RegisterUse Use, uint Mask = uint.MaxValue)
{
    public string Hex => Bytes == 2 ? $"{Value:x4}h" : $"{Value:x8}h";

    public string Says => Use switch
    {
        RegisterUse.Announced => "announced by the port",
        RegisterUse.LeftToHost => "left to the host",
        _ when Mask == uint.MaxValue => "written after boot",
        _ => $"bits {Mask:x}h written after boot, the others left to the host",
    };
}
