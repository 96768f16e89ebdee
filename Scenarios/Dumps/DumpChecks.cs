using Scenarios.Language;
using Sim.Pcie.Config;

namespace Scenarios.Dumps;

/// <summary>What cannot be true of a machine, however strange it is: a capability list that never ends, and bridges side by side that
/// claim the same buses or addresses.</summary>
internal static class DumpChecks
{
    private const int FirstExtended = 0x100;

    public static void Check(DumpedMachine machine)
    {
        foreach (var function in machine.Functions.Where(f => f.Answers()))
        {
            Capabilities(machine, function);
            ExtendedCapabilities(machine, function);
        }

        var bridges = machine.Functions.Where(f => f.Answers() && f.IsBridge());
        foreach (var siblings in bridges.GroupBy(f => (f.Domain, f.Id.Bus)))
        {
            var buses = siblings.Where(f => f.Secondary() != 0 && f.Subordinate() >= f.Secondary());
            Apart(machine, 0x19, "buses", buses.Select(f => (f, (ulong)f.Secondary(), (ulong)f.Subordinate())), "x2", "§7.5.1.3.3");
            var open = siblings.Where(f => (f.U16(0x04) & 2) != 0).ToList();
            Apart(machine, 0x20, "memory", open.SelectMany(f => Windows(f).Select(w => (f, w.Base, w.Limit))), "x", "§7.5.1.3.8");
        }
    }

    /// <summary>The open memory windows of a bridge (§7.5.1.3.8, §7.5.1.3.9). One from 0 on was never set.</summary>
    public static IEnumerable<(ulong Base, ulong Limit)> Windows(LspciFunction bridge)
    {
        var memory = ((ulong)(bridge.U16(0x20) & 0xFFF0) << 16, (ulong)(bridge.U16(0x22) & 0xFFF0) << 16 | 0xF_FFFF);
        var wide = (bridge.U16(0x24) & 0xF) == 1;
        var prefetchable = (
            (ulong)(bridge.U16(0x24) & 0xFFF0) << 16 | (wide ? (ulong)bridge.U32(0x28) << 32 : 0),
            (ulong)(bridge.U16(0x26) & 0xFFF0) << 16 | 0xF_FFFF | (wide ? (ulong)bridge.U32(0x2C) << 32 : 0));
        return new (ulong Base, ulong Limit)[] { memory, prefetchable }.Where(w => w.Base != 0 && w.Base <= w.Limit);
    }

    private static void Capabilities(DumpedMachine machine, LspciFunction f)
    {
        if ((f.U8(0x06) & 0x10) == 0 || f.HeaderLayout() == 2) return;
        var seen = new HashSet<int>();
        var pointer = 0x34;
        for (var at = (int)f.U8(pointer) & 0xFC; at >= 0x40 && at + 1 < f.Image.Length; at = (int)f.U8(pointer) & 0xFC)
        {
            if (!seen.Add(at)) throw Loop(machine, f, pointer, $"capability at {at:x2}h", "00h at the end of the list (§7.5.1.1.11)");
            pointer = at + 1;
        }
    }

    private static void ExtendedCapabilities(DumpedMachine machine, LspciFunction f)
    {
        var seen = new HashSet<int>();
        var header = 0;
        for (var at = FirstExtended; at >= FirstExtended && at + 4 <= f.Image.Length; at = (int)(f.U32(header) >> 20) & 0xFFC)
        {
            if (f.U32(at) is 0 or uint.MaxValue) return;
            if (!seen.Add(at))
                throw Loop(machine, f, header + 2, $"extended capability at {at:x3}h", "000h at the end of the list (§7.6.3)");
            header = at;
        }
    }

    private static ScriptException Loop(DumpedMachine machine, LspciFunction f, int pointer, string back, string expected) =>
        new(machine.PositionOf(f, pointer), $"the capability list of {f.Name()} is a loop: {pointer:x2}h leads back to the {back}; "
            + $"expected {expected}");

    private static void Apart(DumpedMachine machine, int offset, string what, IEnumerable<(LspciFunction F, ulong From, ulong To)> ranges,
        string format, string section)
    {
        (LspciFunction F, ulong From, ulong To)? before = null;
        foreach (var range in ranges.OrderBy(r => r.From).ThenBy(r => r.F.Id))
        {
            if (before is { } lower && lower.F != range.F && range.From <= lower.To)
            {
                // The later one in the file is the one to look at; which of the two is wrong nobody knows.
                var (first, second) = lower.F.Line <= range.F.Line ? (lower, range) : (range, lower);
                throw new ScriptException(machine.PositionOf(second.F, offset), $"{second.F.Name()} claims {what} {Text(second)}, which "
                    + $"overlaps {Text(first)} of {first.F.Name()}; expected windows of bridges on one bus to be disjoint ({section})");
            }

            if (before is not { } last || range.To > last.To) before = range;
        }

        string Text((LspciFunction, ulong From, ulong To) r) => $"{r.From.ToString(format)}-{r.To.ToString(format)}";
    }
}
