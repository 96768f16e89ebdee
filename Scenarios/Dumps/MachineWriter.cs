using System.Globalization;
using System.Text;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Scenarios.Dumps;

/// <summary>
/// A dumped machine as YAML: every register that has a name by its name, every other byte that is not zero in rows. What the keys say is
/// the dump, byte for byte; what the comments say was read from it.
/// </summary>
internal sealed class MachineWriter
{
    private readonly StringBuilder _text = new();
    private readonly DumpedMachine _machine;

    private MachineWriter(DumpedMachine machine) => _machine = machine;

    public static string Write(DumpedMachine machine)
    {
        var writer = new MachineWriter(machine);
        writer.Heading();
        foreach (var function in machine.Functions) writer.Function(function);
        return writer._text.ToString();
    }

    private void Heading()
    {
        var count = _machine.Functions.Count;
        Line($"# {_machine.File} as 'pciesim topology' read it: {count} Function{(count == 1 ? "" : "s")}.");
        Line($"# Registers are as found; edit a value, and 'pciesim run SCRIPT --platform' goes by it.");
        Line($"#");
        foreach (var bus in _machine.Functions.Where(f => _machine.Above(f) is null).GroupBy(f => (f.Domain, f.Id.Bus)))
        {
            Line($"# bus {bus.Key.Domain:x4}:{bus.Key.Bus:x2}{(bus.Key.Bus == 0 ? "" : " (no bridge of the dump leads here)")}");
            foreach (var function in bus) Tree(function, 1);
        }

        Line($"machine: {Quoted(_machine.File)}");
        Line($"functions:");
    }

    private void Tree(LspciFunction f, int depth)
    {
        var buses = f.IsBridge() && f.Secondary() != 0 ? $" -> bus {f.Secondary():x2}-{f.Subordinate():x2}" : "";
        Line($"# {new string(' ', depth * 2)}{f.Id} {f.Kind()} {f.U16(0):x4}:{f.U16(2):x4}{buses}");
        if (depth > 40) return; // Bridges that lead to each other.
        foreach (var below in _machine.JustBelow(f).Where(b => b != f)) Tree(below, depth + 1);
    }

    private void Function(LspciFunction f)
    {
        Line($"\n  # {string.Join(", ", MachineSummary.Of(f))}");
        Line($"  {Quoted(f.Name())}:\n    bytes: {f.Image.Length}");
        var named = KnownRegisters.Of(f).Where(s => s.Registers.Count > 0).ToList();
        if (named.Count > 0) Line($"    registers:");
        foreach (var structure in named)
        {
            Line($"      # {structure.Name} at {structure.Offset:x2}h");
            foreach (var register in structure.Registers) Register(f, register);
        }

        Other(f, named);
    }

    private void Register(LspciFunction f, RegisterSpec register)
    {
        var value = register.Bytes switch { 1 => f.U8(register.Offset), 2 => f.U16(register.Offset), _ => f.U32(register.Offset) };
        var hex = value.ToString($"x{register.Bytes * 2}", CultureInfo.InvariantCulture);
        List<string> set = [];
        foreach (var field in register.Fields.Where(field => field.Width < register.Bits && (value & field.Mask) != 0))
            set.Add(field.Width == 1 ? field.Name : $"{field.Name} {(value & field.Mask) >> field.Lsb:x}h");
        Line($"      0x{register.Offset:x3} {register.Name}: 0x{hex}{(set.Count == 0 ? "" : "  # ")}{string.Join(", ", set)}");
    }

    /// <summary>Bytes without a name: runs within a row of 16, those that are all zero left out.</summary>
    private void Other(LspciFunction f, IReadOnlyList<KnownStructure> named)
    {
        var known = new bool[f.Image.Length];
        foreach (var register in named.SelectMany(s => s.Registers)) Array.Fill(known, true, register.Offset, register.Bytes);
        var first = true;
        for (var at = 0; at < known.Length;)
        {
            var end = at;
            while (end < known.Length && !known[end] && (end == at || end % 16 != 0)) end++;
            if (f.Image.AsSpan(at, end - at).ContainsAnyExcept((byte)0))
            {
                if (first) Line($"    other:");
                first = false;
                Line($"      0x{at:x3}: {string.Join(' ', f.Image[at..end].Select(b => b.ToString("x2", CultureInfo.InvariantCulture)))}");
            }

            at = Math.Max(end, at + 1);
        }
    }

    private static string Quoted(string text) => $"\"{text.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"";

    private void Line(FormattableString line) => _text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}

/// <summary>What matters about a dumped Function, in a few phrases.</summary>
internal static class MachineSummary
{
    public static IEnumerable<string> Of(LspciFunction f)
    {
        var revision = f.U8(0x08) == 0 ? "" : $" (rev {f.U8(0x08):x2})";
        yield return $"{f.Kind()} {f.U16(0x00):x4}:{f.U16(0x02):x4}{revision} class {f.ClassCode() >> 8:x4}";
        if (!f.Answers()) yield break;
        if (f.IsBridge() && f.Secondary() != 0) yield return $"buses {f.Secondary():x2}-{f.Subordinate():x2}";
        if (f.IsBridge())
            foreach (var (start, end) in DumpChecks.Windows(f)) yield return $"memory {start:x}-{end:x}";
        else
            foreach (var bar in Bars(f)) yield return bar;
        if (f.Express() is not 0 and var at)
            foreach (var phrase in Express(f, at)) yield return phrase;
        if (f.Image.Length <= ConfigSpace.ConventionalSize && f.PortType() is not null) yield return "extended space not dumped";
        if (f.FindExtendedCapability(ExtendedCapabilityId.AdvancedErrorReporting) is not 0 and var aer)
            yield return $"AER mask {f.U32(aer + 0x08):x8} severity {f.U32(aer + 0x0C):x8}";
        if (f.FindExtendedCapability(ExtendedCapabilityId.AccessControlServices) is not 0 and var acs)
            yield return $"ACS {f.U16(acs + 4):x4} set to {f.U16(acs + 6):x4}";
        if (f.FindExtendedCapability(ExtendedCapabilityId.DownstreamPortContainment) is not 0 and var dpc)
            yield return $"DPC control {f.U16(dpc + 6):x4}";
        if (f.FindExtendedCapability(ExtendedCapabilityId.SingleRootIov) is not 0 and var iov)
        {
            yield return $"SR-IOV {f.U16(iov + 0x10)} of {f.U16(iov + 0x0E)} VFs, "
                + $"first at +{f.U16(iov + 0x14)}, stride {f.U16(iov + 0x16)}";
        }
    }

    private static IEnumerable<string> Bars(LspciFunction f)
    {
        for (var i = 0; f.HeaderLayout() == 0 && i < 6; i++)
        {
            var value = f.U32(0x10 + (4 * i));
            if ((value & 1) != 0 && (value & ~3u) != 0) yield return $"BAR{i} I/O {value & ~3u:x}";
            if ((value & 1) != 0 || (value & ~0xFu) == 0) continue;
            var wide = (value & 6) == 4;
            var address = (value & ~0xFul) | (wide ? (ulong)f.U32(0x14 + (4 * i)) << 32 : 0);
            yield return $"BAR{i} {address:x}{((value & 8) != 0 ? " prefetchable" : "")}";
            if (wide) i++;
        }
    }

    private static IEnumerable<string> Express(LspciFunction f, int at)
    {
        var (capable, status) = (f.U32(at + 0x0C), f.U16(at + 0x12));
        if (f.PortType() is not (PciePortType.RootComplexIntegratedEndpoint or PciePortType.RootComplexEventCollector))
        {
            var now = (status >> 4 & 0x3F) == 0 ? "no link" : $"gen{status & 0xF} x{status >> 4 & 0x3F}";
            yield return $"{now} of gen{capable & 0xF} x{capable >> 4 & 0x3F}";
        }

        var control = f.U16(at + 0x08);
        var (payload, supported, read) = (control >> 5 & 7, f.U32(at + 0x04) & 7, control >> 12 & 7);
        yield return $"MPS {128 << (int)payload} of {128 << (int)supported} B, MRRS {128 << (int)read} B";
        var reported = Reports.Where((_, bit) => (control >> bit & 1) != 0).ToList();
        yield return reported.Count == 0 ? "reports no errors" : $"reports {string.Join('+', reported)}";
    }

    private static readonly string[] Reports = ["correctable", "non-fatal", "fatal", "Unsupported Requests"];
}
