using Sim.Pcie.Errors;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Tests.Qemu;

/// <summary>A board that stands in QEMU and in our model alike: two Root Ports, a switch, four devices.</summary>
internal interface IBoard : IDisposable
{
    /// <summary>Whether the Header Log shows each DW with its bytes swapped: QEMU does, against §7.8.4.8.</summary>
    bool SwapsHeaderLog { get; }

    uint ReadConfig(RoutingId id, int offset, int size);

    void WriteConfig(RoutingId id, int offset, int size, uint value);

    /// <summary>A DW of the memory space; null where the board tells that nobody answered.</summary>
    uint? ReadMemory(ulong address);

    void WriteMemory(ulong address, uint value);

    uint? In(uint port);

    void Out(uint port, uint value);

    /// <summary>Makes a Function detect an error.</summary>
    /// <param name="function">One of <see cref="Board"/>'s.</param>
    /// <param name="error">Which.</param>
    /// <param name="header">The TLP in error, or null.</param>
    /// <param name="advisory">Detected in a role in which a non-fatal error is advisory (§6.2.3.2.4).</param>
    void Inject(string function, PcieError error, TlpHeader? header, bool advisory);
}

/// <summary>The names and places of the board's Functions, with the bus numbers that <see cref="SetBuses"/> gives.</summary>
internal static class Board
{
    public static readonly (string Name, RoutingId Id)[] Functions =
    [
        ("rp0", RoutingId.Parse("00:01.0")), ("rp1", RoutingId.Parse("00:02.0")), ("up", RoutingId.Parse("01:00.0")),
        ("d0", RoutingId.Parse("02:00.0")), ("d1", RoutingId.Parse("02:01.0")), ("d2", RoutingId.Parse("02:02.0")),
        ("nic0", RoutingId.Parse("03:00.0")), ("shm", RoutingId.Parse("04:00.0")), ("rng", RoutingId.Parse("05:00.0")),
        ("nic1", RoutingId.Parse("06:00.0")),
    ];

    public static RoutingId Id(string name) => Functions.Single(f => f.Name == name).Id;

    public static void SetBuses(IBoard board)
    {
        board.WriteConfig(Id("rp0"), 0x18, 4, 0x0005_0100);
        board.WriteConfig(Id("rp1"), 0x18, 4, 0x0006_0600);
        board.WriteConfig(Id("up"), 0x18, 4, 0x0005_0201);
        board.WriteConfig(Id("d0"), 0x18, 4, 0x0003_0302);
        board.WriteConfig(Id("d1"), 0x18, 4, 0x0004_0402);
        board.WriteConfig(Id("d2"), 0x18, 4, 0x0005_0502);
        foreach (var (_, id) in Functions) board.WriteConfig(id, 0x0C, 1, 0);
    }

    /// <summary>Offset of a capability, 0 for the header; null where the Function has none.</summary>
    public static int? Find(IBoard board, RoutingId id, string where)
    {
        var (extended, wanted) = where switch
        {
            "hdr" => (false, -1),
            "exp" => (false, 0x10),
            "aer" => (true, 0x01),
            "acs" => (true, 0x0D),
            _ => throw new ArgumentException(where),
        };
        if (wanted < 0) return 0;
        var at = extended ? 0x100 : (int)board.ReadConfig(id, 0x34, 1) & 0xFC;
        while (at != 0)
        {
            var header = board.ReadConfig(id, at, 4);
            if (header is 0 or uint.MaxValue) return null;
            if ((header & (extended ? 0xFFFF : 0xFF)) == wanted) return at;
            at = (int)(extended ? header >> 20 & 0xFFC : header >> 8 & 0xFC);
        }

        return null;
    }
}
