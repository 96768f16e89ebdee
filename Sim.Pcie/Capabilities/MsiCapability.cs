using System.Numerics;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;
using static Sim.Pcie.Config.RegisterAccess;

namespace Sim.Pcie.Capabilities;

/// <summary>MSI Capability (§7.7.1), 64-bit, with or without per-vector masking.</summary>
public sealed class MsiCapability
{
    private readonly bool _perVectorMasking;

    private MsiCapability(ConfigSpace config, int offset, bool perVectorMasking) =>
        (Config, Offset, _perVectorMasking) = (config, offset, perVectorMasking);

    /// <summary>The space it is a view of.</summary>
    public ConfigSpace Config { get; }

    /// <summary>Offset of the capability.</summary>
    public int Offset { get; }

    /// <summary>MSI Enable.</summary>
    public bool Enabled => Config.Bit(Offset + 2, 0);

    /// <summary>Vectors software allotted: 2 to the Multiple Message Enable.</summary>
    public int AllottedVectors => 1 << (int)(Config.Read(Offset + 2, 2) >> 4 & 7);

    /// <summary>Message Address.</summary>
    public ulong Address => Config.Read(Offset + 4) | (ulong)Config.Read(Offset + 8) << 32;

    /// <summary>Message Data.</summary>
    public uint Data => Config.Read(Offset + 0x0C, 2);

    /// <summary>Places the capability and chains it.</summary>
    /// <param name="config">Where.</param>
    /// <param name="offset">DW-aligned.</param>
    /// <param name="vectors">Vectors requested: 1, 2, 4, 8, 16 or 32.</param>
    /// <param name="perVectorMasking">Per-Vector Masking Capable.</param>
    public static MsiCapability Add(ConfigSpace config, int offset, int vectors = 1, bool perVectorMasking = true)
    {
        if (vectors is < 1 or > 32 || !BitOperations.IsPow2(vectors))
            throw new ArgumentException($"{config.Name}: {vectors} MSI vectors; MSI has 1, 2, 4, 8, 16 or 32 (§7.7.1.2)");
        var registers = new List<RegisterSpec>
        {
            new(0x02, 16, "MSI Message Control", "§7.7.1.2",
                new(0, 1, "MSI Enable", RW),
                new(1, 3, "Multiple Message Capable", RO, (uint)BitOperations.Log2((uint)vectors)),
                new(4, 3, "Multiple Message Enable", RW),
                new(7, 1, "64-bit Address Capable", RO, 1),
                new(8, 1, "Per-Vector Masking Capable", RO, perVectorMasking ? 1u : 0u)),
            new(0x04, 32, "MSI Message Address", "§7.7.1.3", new FieldSpec(2, 30, "Message Address", RW)),
            RegisterSpec.Whole(0x08, 32, "MSI Message Upper Address", "§7.7.1.4", RW),
            RegisterSpec.Whole(0x0C, 16, "MSI Message Data", "§7.7.1.5", RW),
        };
        if (perVectorMasking)
        {
            registers.Add(new(0x10, 32, "MSI Mask Bits", "§7.7.1.7", new FieldSpec(0, vectors, "Mask Bits", RW)));
            registers.Add(new(0x14, 32, "MSI Pending Bits", "§7.7.1.8", new FieldSpec(0, vectors, "Pending Bits", RO)));
        }
        config.Place(offset, new("MSI", perVectorMasking ? 0x18 : 0x10, [.. registers]));
        config.ChainCapability(CapabilityId.Msi, offset);
        return new(config, offset, perVectorMasking);
    }

    /// <summary>Message Data of a vector: its number in the low bits that software gave away.</summary>
    public uint DataOf(int vector) => Data & ~(uint)(AllottedVectors - 1) | (uint)(vector & (AllottedVectors - 1));

    /// <summary>Whether software masked the vector.</summary>
    public bool IsMasked(int vector) => _perVectorMasking && Config.Bit(Offset + 0x10, vector);

    /// <summary>Shows a vector as pending, or no longer so.</summary>
    public void SetPending(int vector, bool pending)
    {
        if (!_perVectorMasking)
            return;
        if (pending)
            Config.HwSetBits(Offset + 0x14, 4, 1u << vector);
        else
            Config.HwClearBits(Offset + 0x14, 4, 1u << vector);
    }
}
