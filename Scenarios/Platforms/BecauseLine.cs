using System.Globalization;
using Scenarios.Results;
using Sim.Pcie.Config;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Errors;
using Sim.Vfio.Virtualization;
using ErrorStep = Sim.Pcie.Errors.ErrorStep;

namespace Scenarios.Platforms;

/// <summary>Says in one line why a verdict came out, from decisions that were recorded: nothing here knows a platform or a
/// policy.</summary>
internal static class BecauseLine
{
    // How far along the error path a step is: the farthest one reached is the one that explains.
    private static readonly ErrorStepKind[] Farthest =
    [
        ErrorStepKind.SystemError, ErrorStepKind.Contained, ErrorStepKind.Interrupt, ErrorStepKind.NoInterrupt, ErrorStepKind.Stopped,
        ErrorStepKind.MessageSent, ErrorStepKind.NoMessage,
    ];

    public static string Of(
        NameBook names, Recorder recorder, MemoryWatch watch, HostIntegrity host, IReadOnlyList<MigrationDifference> differences,
        IReadOnlyList<RoutePath> paths, IReadOnlyList<GuestProblem> noticed, string atDestination = "")
    {
        List<string> parts = [];
        if (Accesses(recorder) is { } accesses) parts.Add(accesses);
        if (paths.Count > 0) parts.Add($"{paths[0].Title}: {paths[0].Way}" + (paths.Count > 1 ? $" (and {paths.Count - 1} more)" : ""));
        if (recorder.FirstHeld is { } held)
            parts.Add($"{held.Access.Function.Name} held a {held.Access.Header.Type} of {names.Of(held.Access.Header.RequesterId)} from "
                + $"{held.Time} on, and up to {recorder.MostHeld} TLPs waited");
        if (Deciding(recorder) is { } step)
        {
            parts.Add(Short(names, recorder, step, step.Bits));
            foreach (var other in recorder.ErrorSteps.Select(s => s.Step).Where(s => s.Chain == step.Chain && s != step))
                if (other.Bits.Where(b => recorder.Platform?.IsFound(b) == true).ToList() is { Count: > 0 } found)
                    parts.Add(Short(names, recorder, other, found));
        }

        var absent = Absent(recorder).Select(f => f.Register).Distinct().ToList();
        if (absent.Count > 0)
        {
            var (name, seat) = (recorder.Platform!.RootPortName, recorder.Platform.Seat);
            parts.Add($"{name}, like {seat.RootPort!.Function.Id} of {seat.File}, has no {string.Join(" and no ", absent)}");
        }

        if (recorder.FirstFault is { } fault)
            parts.Add($"the IOMMU refused {names.Of(fault.Requester)} {(fault.IsWrite ? "writing" : "reading")} "
                + (fault.IsInterrupt ? $"an interrupt: {fault.Reason}" : $"0x{fault.Address:x}: {fault.Reason}"));
        if (watch.FirstOutside is { } write)
            parts.Add($"{names.Of(write.Requester!.Value)} wrote host memory 0x{write.Address:x} that is not its user's");
        var worst = recorder.HostEvents
            .Where(e => HostJudge.GradeOf(e.Kind) == host && host >= HostIntegrity.Contained)
            .Select(e => e.Detail);
        if (worst.FirstOrDefault() is { } detail) parts.Add(detail);
        if (differences.Count > 0) parts.Add(differences[0].Brief + (differences.Count > 1 ? $" (and {differences.Count - 1} more)" : ""));
        if (atDestination.Length > 0) parts.Add($"at the destination {atDestination}");
        if (noticed.Count > 0) parts.Add($"the guest noticed {noticed[0]}" + (noticed.Count > 1 ? $" (and {noticed.Count - 1} more)" : ""));
        if (parts.Count == 0) parts.Add(Quiet(recorder));
        return string.Join("; ", parts);
    }

    /// <summary>Nothing of note happened: what did, then.</summary>
    private static string Quiet(Recorder recorder)
    {
        if (recorder.WasStopped) return "nobody touched the device while it was stopped";
        var moved = recorder.Traffic.GroupBy(t => t.Function).Select(of => string.Create(CultureInfo.InvariantCulture,
            $"{of.Key} moved {Range(of.Select(t => t.Rate * 8 / 1e9))} Gb/s in transfers of {Range(of.Select(t => (double)t.Bytes))} B"));
        return string.Join("; ", moved.Append("no device was stopped, no request refused, no error reported"));

        static string Range(IEnumerable<double> values)
        {
            var all = values.ToList();
            var (least, most) = (all.Min().ToString("0.#", CultureInfo.InvariantCulture),
                all.Max().ToString("0.#", CultureInfo.InvariantCulture));
            return least == most ? least : $"{least} to {most}";
        }
    }

    /// <summary>A step without what the report repeats at length: sections and Routing IDs.</summary>
    private static string Short(NameBook names, Recorder recorder, ErrorStep step, IReadOnlyList<RegisterBit> fields)
    {
        var bits = fields.Select(b => $"{(b.Function == step.Component ? "" : b.Function + " ")}{b.Register}.{b.Field}={b.Value:X}"
            + (recorder.OriginOf(b) is { } origin ? $" ({origin})" : ""));
        var text = step.Message is { } message ? step.Text.Replace(message.Requester.ToString(), names.Of(message.Requester)) : step.Text;
        return $"{step.Component} {text}{(fields.Count > 0 ? ": " : "")}{string.Join(", ", bits)}";
    }

    /// <summary>The register fields of all steps, each once, in the order in which they were consulted.</summary>
    public static IReadOnlyList<DecidingField> DecidingRegisters(Recorder recorder) =>
    [
        .. recorder.ErrorSteps.SelectMany(s => s.Step.Bits.Select(b => recorder.Deciding(b, s.Step.Text))).Distinct(),
        .. Absent(recorder),
    ];

    /// <summary>Registers that the script sets and a dumped port does not have decide, too, once an error has reached the port.</summary>
    private static IEnumerable<DecidingField> Absent(Recorder recorder) =>
        recorder.Platform is { } machine && recorder.ErrorSteps.Any(s => s.Step.Component == machine.RootPortName)
            ? machine.Absent(recorder.ErrorSteps.Any(s => s.Step.Message is { Severity: ErrorSeverity.Fatal }))
            : [];

    private static string? Accesses(Recorder recorder)
    {
        var faults = recorder.Sigbuses.Count;
        if (faults > 0) return $"{Number(faults, "access", "accesses")} ended in SIGBUS, the mapping being gone: {TlpsOf(recorder)}";
        return recorder.StoppedAccesses.Count == 0 ? null : TlpsOf(recorder);
    }

    private static string TlpsOf(Recorder recorder)
    {
        if (recorder.StoppedAccesses.Count == 0) return "no TLP reached the stopped Function";
        var groups = recorder.StoppedAccesses
            .GroupBy(a => a.Access.Decision)
            .Select(g => $"{string.Join(", ", g.GroupBy(a => a.Access.Header.Type).Select(t => $"{t.Count()} {t.Key}"))} {Words(g.Key)}");
        return $"stopped {recorder.StoppedAccesses[0].Access.Function.Name} took {string.Join(", ", groups)}";
    }

    private static ErrorStep? Deciding(Recorder recorder) =>
        Farthest.Select(kind => recorder.ErrorSteps.FirstOrDefault(s => s.Step.Kind == kind).Step).FirstOrDefault(s => s is not null);

    private static string Words(AccessDecision decision) => decision switch
    {
        AccessDecision.Accept => "into its registers",
        AccessDecision.Discard => "without effect",
        AccessDecision.UnsupportedRequest => "as Unsupported Request",
        AccessDecision.CompleterAbort => "as Completer Abort",
        _ => "without a completion",
    };

    private static string Number(int count, string one, string many) => $"{count} {(count == 1 ? one : many)}";
}
