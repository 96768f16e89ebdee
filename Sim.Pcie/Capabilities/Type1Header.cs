using Sim.Pcie.Config;
using static Sim.Pcie.Config.RegisterAccess;

namespace Sim.Pcie.Capabilities;

/// <summary>A forwarding window of a bridge: both ends inclusive, closed where the base lies above the limit (§7.5.1.3).</summary>
/// <param name="Base">First byte address.</param>
/// <param name="Limit">Last byte address.</param>
public readonly record struct BridgeWindow(ulong Base, ulong Limit)
{
    /// <summary>Whether the window is open at all.</summary>
    public bool IsOpen => Base <= Limit;

    /// <summary>Whether it holds the address.</summary>
    public bool Contains(ulong address) => address >= Base && address <= Limit;
}

/// <summary>Type 1 Configuration Space Header: Root Ports and Switch Ports (§7.5.1.3).</summary>
public sealed class Type1Header : HeaderView
{
    /// <summary>Offset of Secondary Status.</summary>
    public const int SecondaryStatusOffset = 0x1E;

    /// <summary>Offset of Bridge Control.</summary>
    public const int BridgeControlOffset = 0x3E;

    /// <summary>Bridge Control bit: SERR# Enable, forwarding of error Messages from the secondary side.</summary>
    public const int BridgeSerrEnable = 1;

    /// <summary>Bridge Control bit: Secondary Bus Reset.</summary>
    public const int SecondaryBusReset = 6;

    /// <summary>Secondary Status bit: Received System Error.</summary>
    public const int ReceivedSystemError = 14;

    private Type1Header(ConfigSpace config) : base(config)
    {
    }

    /// <summary>Primary Bus Number: kept for software, decides nothing in PCI Express (§7.5.1.3.2).</summary>
    public byte PrimaryBus => (byte)Config.Read(0x18, 1);

    /// <summary>Secondary Bus Number (§7.5.1.3.3).</summary>
    public byte SecondaryBus => (byte)Config.Read(0x19, 1);

    /// <summary>Subordinate Bus Number (§7.5.1.3.4).</summary>
    public byte SubordinateBus => (byte)Config.Read(0x1A, 1);

    /// <summary>I/O window, 4 KiB granular, 32-bit (§7.5.1.3.6).</summary>
    public BridgeWindow IoWindow => new(
        (Config.Read(0x1C, 1) & 0xF0) << 8 | Config.Read(0x30, 2) << 16,
        (Config.Read(0x1D, 1) & 0xF0) << 8 | Config.Read(0x32, 2) << 16 | 0xFFF);

    /// <summary>Non-prefetchable memory window, 1 MiB granular, 32-bit (§7.5.1.3.8).</summary>
    public BridgeWindow MemoryWindow => new((Config.Read(0x20, 2) & 0xFFF0) << 16, (Config.Read(0x22, 2) & 0xFFF0) << 16 | 0xF_FFFF);

    /// <summary>Prefetchable memory window, 1 MiB granular, 64-bit (§7.5.1.3.9).</summary>
    public BridgeWindow PrefetchableWindow => new(
        (Config.Read(0x24, 2) & 0xFFF0) << 16 | (ulong)Config.Read(0x28) << 32,
        (Config.Read(0x26, 2) & 0xFFF0) << 16 | 0xF_FFFF | (ulong)Config.Read(0x2C) << 32);

    /// <summary>Bridge Control.ISA Enable.</summary>
    public bool IsaEnable => Config.Bit(BridgeControlOffset, 2);

    /// <summary>Bridge Control.SERR# Enable.</summary>
    public bool ForwardsErrors => Config.Bit(BridgeControlOffset, BridgeSerrEnable);

    /// <summary>Bridge Control.Secondary Bus Reset: held for as long as it reads 1.</summary>
    public bool SecondaryBusResetHeld => Config.Bit(BridgeControlOffset, SecondaryBusReset);

    /// <summary>Places the header at offset 0. Windows and bus numbers read 0 until software sets them.</summary>
    /// <param name="config">Where.</param>
    /// <param name="identity">Identity registers.</param>
    /// <param name="bars">At most BAR0 and BAR1.</param>
    public static Type1Header Add(ConfigSpace config, FunctionIdentity identity, params BarSpec[] bars)
    {
        config.Place(0, new("Type 1 Header", 0x40,
        [
            .. Common(identity, 1),
            .. BarRegisters(2),
            RegisterSpec.Whole(0x18, 8, "Primary Bus Number", "§7.5.1.3.2", RW),
            RegisterSpec.Whole(0x19, 8, "Secondary Bus Number", "§7.5.1.3.3", RW),
            RegisterSpec.Whole(0x1A, 8, "Subordinate Bus Number", "§7.5.1.3.4", RW),
            RegisterSpec.Whole(0x1B, 8, "Secondary Latency Timer", "§7.5.1.3.5", RO),
            Window(0x1C, 8, 4, "I/O Base", "§7.5.1.3.6", 1),
            Window(0x1D, 8, 4, "I/O Limit", "§7.5.1.3.6", 1),
            new(SecondaryStatusOffset, 16, "Secondary Status", "§7.5.1.3.7",
                new(8, 1, "Master Data Parity Error", RW1C),
                new(11, 1, "Signaled Target Abort", RW1C),
                new(12, 1, "Received Target Abort", RW1C),
                new(13, 1, "Received Master Abort", RW1C),
                new(14, 1, "Received System Error", RW1C),
                new(15, 1, "Detected Parity Error", RW1C)),
            Window(0x20, 16, 12, "Memory Base", "§7.5.1.3.8", 0),
            Window(0x22, 16, 12, "Memory Limit", "§7.5.1.3.8", 0),
            Window(0x24, 16, 12, "Prefetchable Memory Base", "§7.5.1.3.9", 1),
            Window(0x26, 16, 12, "Prefetchable Memory Limit", "§7.5.1.3.9", 1),
            RegisterSpec.Whole(0x28, 32, "Prefetchable Base Upper 32 Bits", "§7.5.1.3.10", RW),
            RegisterSpec.Whole(0x2C, 32, "Prefetchable Limit Upper 32 Bits", "§7.5.1.3.10", RW),
            RegisterSpec.Whole(0x30, 16, "I/O Base Upper 16 Bits", "§7.5.1.3.11", RW),
            RegisterSpec.Whole(0x32, 16, "I/O Limit Upper 16 Bits", "§7.5.1.3.11", RW),
            RegisterSpec.Whole(0x38, 32, "Expansion ROM Base Address", "§7.5.1.3.12", RO),
            new(BridgeControlOffset, 16, "Bridge Control", "§7.5.1.3.13",
                new(0, 1, "Parity Error Response Enable", RW),
                new(1, 1, "SERR# Enable", RW),
                new(2, 1, "ISA Enable", RW),
                new(3, 1, "VGA Enable", RW),
                new(4, 1, "VGA 16-bit Decode", RW),
                new(6, 1, "Secondary Bus Reset", RW)),
        ]));
        var header = new Type1Header(config);
        header.AddBars(2, bars);
        return header;
    }

    /// <summary>Whether a bus number is the secondary bus or lies behind it.</summary>
    public bool HasBusBelow(byte bus) => SecondaryBus != 0 && bus >= SecondaryBus && bus <= SubordinateBus;

    /// <summary>Whether a memory address goes from the primary to the secondary side. Memory Space Enable is the caller's to
    /// check.</summary>
    public bool ForwardsMemory(ulong address) => MemoryWindow.Contains(address) || PrefetchableWindow.Contains(address);

    private static RegisterSpec Window(int offset, int bits, int addressBits, string name, string section, uint capability) =>
        new(offset, bits, name, section,
            new(0, 4, "Addressing Capability", RO, capability), new(bits - addressBits, addressBits, name, RW));
}
