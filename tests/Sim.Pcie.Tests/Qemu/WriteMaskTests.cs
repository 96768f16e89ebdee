using NUnit.Framework;

namespace Sim.Pcie.Tests.Qemu;

/// <summary>What software can write in ports and endpoints, and what BARs say of their size, beside QEMU's.</summary>
public sealed class WriteMaskTests
{
    private static readonly (string Where, int Offset, int Size, string Name)[] Common =
    [
        ("hdr", 0x04, 2, "Command"), ("hdr", 0x0C, 1, "Cache Line Size"), ("hdr", 0x3C, 1, "Interrupt Line"),
        ("exp", 0x08, 2, "Device Control"), ("exp", 0x10, 2, "Link Control"), ("exp", 0x28, 2, "Device Control 2"),
        ("exp", 0x30, 2, "Link Control 2"), ("aer", 0x08, 4, "Uncorrectable Error Mask"), ("aer", 0x0C, 4, "Uncorrectable Error Severity"),
        ("aer", 0x14, 4, "Correctable Error Mask"), ("aer", 0x18, 4, "Advanced Error Capabilities and Control"),
        ("acs", 0x06, 2, "ACS Control"),
    ];

    private static readonly (string Where, int Offset, int Size, string Name)[] Bridge =
    [
        ("hdr", 0x18, 1, "Primary Bus Number"), ("hdr", 0x19, 1, "Secondary Bus Number"), ("hdr", 0x1A, 1, "Subordinate Bus Number"),
        ("hdr", 0x1C, 1, "I/O Base"), ("hdr", 0x1D, 1, "I/O Limit"), ("hdr", 0x20, 2, "Memory Base"), ("hdr", 0x22, 2, "Memory Limit"),
        ("hdr", 0x24, 2, "Prefetchable Memory Base"), ("hdr", 0x26, 2, "Prefetchable Memory Limit"),
        ("hdr", 0x28, 4, "Prefetchable Base Upper 32 Bits"), ("hdr", 0x2C, 4, "Prefetchable Limit Upper 32 Bits"),
        ("hdr", 0x30, 2, "I/O Base Upper 16 Bits"), ("hdr", 0x32, 2, "I/O Limit Upper 16 Bits"), ("hdr", 0x3E, 2, "Bridge Control"),
    ];

    private static readonly (string Where, int Offset, int Size, string Name)[] Root =
    [
        ("exp", 0x1C, 2, "Root Control"), ("aer", 0x2C, 4, "Root Error Command"),
    ];

    // Where the masks differ, and who is right; DEVIATIONS.md says why. Bits outside of these must agree.
    private static readonly Dictionary<string, uint> Differences = new()
    {
        ["Command"] = 0x0040,
        ["Device Control"] = 0xFFF0,
        ["Link Control"] = 0xFFFF,
        ["Device Control 2"] = 0x87DF,
        ["Link Control 2"] = 0xFFFF,
        ["Root Control"] = 0x0018,
        ["Uncorrectable Error Mask"] = 0xFFFF_FFFF,
        ["Uncorrectable Error Severity"] = 0x0680_0000,
        ["I/O Base Upper 16 Bits"] = 0xFFFF,
        ["I/O Limit Upper 16 Bits"] = 0xFFFF,
        ["Advanced Error Capabilities and Control"] = 0x0400,
    };

    [Test]
    public void Write_masks_of_ports_and_endpoints() => Comparison.Hold("write-masks", WriteMasks);

    [Test]
    public void BARs_tell_their_size_kind_and_alignment() => Comparison.Hold("bar-sizes", BarSizes);

    private static IEnumerable<string> WriteMasks(IBoard board) => Masks(board)
        .Select(m => $"{m.Function} {m.Register}: rw {m.Mask & ~Differences.GetValueOrDefault(m.Register):x}");

    private static IEnumerable<(string Function, string Register, uint Mask)> Masks(IBoard board)
    {
        foreach (var (name, id) in Board.Functions)
        {
            var registers = name switch
            {
                "rp0" or "rp1" => [.. Common, .. Bridge, .. Root],
                "up" or "d0" or "d1" or "d2" => [.. Common, .. Bridge],
                "shm" => [.. Common.Where(r => r.Where == "hdr")],
                // e1000e's Device Control is read-only in QEMU.
                "nic0" or "nic1" => [.. Common.Where(r => r.Name != "Device Control")],
                _ => Common,
            };
            foreach (var (where, offset, size, register) in registers)
            {
                if (Board.Find(board, id, where) is not { } at) continue;
                var old = board.ReadConfig(id, at + offset, size);
                // Initiate FLR and Secondary Bus Reset would change more than the register.
                board.WriteConfig(id, at + offset, size, uint.MaxValue >> 32 - 8 * size & (register == "Device Control" ? 0x7FFF : ~0u));
                var ones = board.ReadConfig(id, at + offset, size);
                board.WriteConfig(id, at + offset, size, 0);
                var zeros = board.ReadConfig(id, at + offset, size);
                board.WriteConfig(id, at + offset, size, old);
                if (register == "Bridge Control") Board.SetBuses(board);
                yield return (name, register, ones & ~zeros);
            }
        }
    }

    private static IEnumerable<string> BarSizes(IBoard board)
    {
        foreach (var name in (string[])["nic0", "shm", "nic1"])
        {
            for (var bar = 0; bar < 6; bar++)
            {
                board.WriteConfig(Board.Id(name), 0x10 + 4 * bar, 4, uint.MaxValue);
                yield return $"{name} BAR{bar}: {board.ReadConfig(Board.Id(name), 0x10 + 4 * bar, 4):x8}";
                board.WriteConfig(Board.Id(name), 0x10 + 4 * bar, 4, 0x1234_5678);
                yield return $"{name} BAR{bar}: {board.ReadConfig(Board.Id(name), 0x10 + 4 * bar, 4):x8}";
                board.WriteConfig(Board.Id(name), 0x10 + 4 * bar, 4, 0);
            }
        }
    }
}
