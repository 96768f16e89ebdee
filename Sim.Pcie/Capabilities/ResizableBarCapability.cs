using System.Numerics;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;
using static Sim.Pcie.Config.RegisterAccess;

namespace Sim.Pcie.Capabilities;

/// <summary>Resizable BAR Extended Capability (§7.8.6) for one BAR: software picks a size, and the BAR's writable bits follow.</summary>
public sealed class ResizableBarCapability
{
    private const ulong MiB = 1 << 20;
    private readonly Bar _bar;
    private readonly uint _sizes;

    private ResizableBarCapability(ConfigSpace config, int offset, Bar bar, uint sizes)
    {
        (Config, Offset, _bar, _sizes) = (config, offset, bar, sizes);
        config.OnWrite(Control, 4, OnControlWritten);
        config.OnReset += _ => _bar.Size = Size;
    }

    /// <summary>The space it is a view of.</summary>
    public ConfigSpace Config { get; }

    /// <summary>Offset of the capability.</summary>
    public int Offset { get; }

    /// <summary>Offset of Resizable BAR Control.</summary>
    public int Control => Offset + 0x08;

    /// <summary>The size software picked, in bytes.</summary>
    public ulong Size => MiB << (int)(Config.Read(Control) >> 8 & 0x3F);

    /// <summary>The largest size that software may pick, in bytes.</summary>
    public ulong Largest => MiB << BitOperations.Log2(_sizes);

    /// <summary>Places the capability and chains it.</summary>
    /// <param name="config">Where.</param>
    /// <param name="offset">100h or above.</param>
    /// <param name="bar">A memory BAR of the Function; its present size is the default.</param>
    /// <param name="sizes">Sizes supported: bit n is 2^n MiB, n from 0 to 27.</param>
    /// <exception cref="ArgumentException">The BAR's present size is not among them.</exception>
    public static ResizableBarCapability Add(ConfigSpace config, int offset, Bar bar, uint sizes)
    {
        var present = bar.Size < MiB ? 31 : BitOperations.Log2(bar.Size / MiB);
        if (bar.IsIo || present > 27 || (sizes >> present & 1) == 0)
            throw new ArgumentException($"{config.Name}: BAR{bar.Index} of {bar.Size} bytes is not among its sizes {sizes:X}h (§7.8.6)");
        config.Place(offset, new("Resizable BAR", 0x0C,
            new RegisterSpec(0x04, 32, "Resizable BAR Capability", "§7.8.6.2", new FieldSpec(4, 28, "Sizes Supported", RO, sizes)),
            new RegisterSpec(0x08, 32, "Resizable BAR Control", "§7.8.6.3",
                new(0, 3, "BAR Index", RO, (uint)bar.Index),
                new(5, 3, "Number of Resizable BARs", RO, 1),
                new(8, 6, "BAR Size", RW, (uint)present, SurvivesFlr: true))));
        config.ChainExtendedCapability(ExtendedCapabilityId.ResizableBar, 1, offset);
        return new(config, offset, bar, sizes);
    }

    private void OnControlWritten(ConfigWrite write)
    {
        if ((_sizes >> (int)(write.New >> 8 & 0x3F) & 1) == 0 || (write.New >> 8 & 0x3F) > 27)
            Config.HwSet(Control, 4, write.Old);
        _bar.Size = Size;
    }
}
