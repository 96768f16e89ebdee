namespace Sim.Pcie.Config;

/// <summary>A software write that touched a watched register, told after the image changed.</summary>
/// <param name="Offset">DW-aligned byte offset.</param>
/// <param name="Old">The DW before.</param>
/// <param name="New">The DW after the access classes had their say.</param>
/// <param name="Written">The DW as written.</param>
/// <param name="ByteMask">FFh in each byte that was enabled.</param>
public readonly record struct ConfigWrite(int Offset, uint Old, uint New, uint Written, uint ByteMask)
{
    /// <summary>Bits that changed from 0 to 1.</summary>
    public uint Risen => New & ~Old;

    /// <summary>Bits that changed from 1 to 0.</summary>
    public uint Fallen => Old & ~New;

    /// <summary>Bits written as 1 in enabled bytes, whatever the register made of them: how a self-clearing command bit is seen.</summary>
    public uint Ones => Written & ByteMask;
}
