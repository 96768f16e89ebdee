using System.Globalization;
using Scenarios.Results;
using Sim.Pcie.Endpoints;
using Sim.Vfio.Virtualization;
using Vmm = Sim.Vfio.Virtualization.Vmm;

namespace Scenarios.Platforms;

/// <summary>Judges migration integrity: the source at the switch-over against the destination before it ran on, item by item.</summary>
internal sealed class MigrationJudge(
    Machine source, Cast cast, Causes causes, GuestSnapshot? reference, LiveMigrationResult? sent, Arrival? arrival)
{
    private readonly List<MigrationDifference> _differences = [];

    public (MigrationIntegrity Verdict, IReadOnlyList<MigrationDifference> Differences) Judge()
    {
        if (cast.Vmm is null || (sent is null && reference is null)) return (MigrationIntegrity.None, []);
        if (sent is null) Add("migration", "", source.Kernel.Outcome.IsPanicked ? "ended with the host" : "did not end", "nothing");
        else if (sent.Failure is { } failure) Add("migration", "", failure, "nothing");
        else if (arrival!.Failure is { } refusal) Add("migration", "", "sent", refusal);
        else Compare(sent.LatePages, reference!, arrival.Snapshot!);

        if (arrival is not null) Complete(arrival.Problems);

        return (_differences.Count == 0 ? MigrationIntegrity.Intact : MigrationIntegrity.Lost, _differences);
    }

    /// <summary>What the guest found wrong when it ran on: the source's side is what the guest had found there, or else what it had been
    /// promised.</summary>
    private void Complete(IReadOnlyList<GuestProblem> problems)
    {
        var before = cast.GuestDevice!.Personality.Report(cast.Vmm!.Cpu.Program).Problems;
        foreach (var problem in problems)
        {
            var known = before.FirstOrDefault(p => p.Subject == problem.Subject && p.Promised == problem.Promised);
            var there = known is null ? problem.Promised : $"{known.Found} before it left";
            Add("completion", problem.Subject, there, problem.Found, CauseOf(problem));
        }
    }

    private string? CauseOf(GuestProblem problem)
    {
        if (problem.Place is not { } place) return cast.GuestFunctions.Select(causes.OfState).FirstOrDefault(c => c is not null);
        return causes.OfLoss(cast.GuestFunctions[place.Device], place.Offset)
            ?? causes.OfFault(Vmm.BarAddress(place.Device, 0) + place.Offset);
    }

    private void Compare(IReadOnlyList<ulong> latePages, GuestSnapshot was, GuestSnapshot became)
    {
        foreach (var page in latePages)
            Add("memory page", $"0x{page:x}", "written after the last dirty bitmap", "without that write", PageCause(page));
        foreach (var address in was.Pages.Keys.Union(became.Pages.Keys).Order())
        {
            var (a, b) = (Page(was, address), Page(became, address));
            var same = a.AsSpan().CommonPrefixLength(b);
            if (same < a.Length)
                Add("memory page", $"0x{address:x}", $"{Hex(a[same])} at byte 0x{same:x}", Hex(b[same]), PageCause(address));
        }

        for (var device = 0; device < cast.GuestFunctions.Count; device++) CompareDevice(device, was.Images[device], became.Images[device]);
        foreach (var (device, vector) in was.Pending.Except(became.Pending))
            Add("interrupt", $"vector {vector} of device {device}", "pending", "gone");
        foreach (var (device, vector) in became.Pending.Except(was.Pending))
            Add("interrupt", $"vector {vector} of device {device}", "none", "pending");
        if (!was.Cpu.AsSpan().SequenceEqual(became.Cpu)) Add("vCPU state", "", "at the switch-over", "differs");
    }

    private void CompareDevice(int device, byte[] was, byte[] became)
    {
        var function = cast.GuestFunctions[device];
        var migratable = (IMigratableFunction)function;
        var (old, now) = (migratable.DescribeImage(was), migratable.DescribeImage(became));
        var prefix = cast.GuestFunctions.Count > 1 ? function.Name + " " : "";
        foreach (var name in old.Concat(now).Select(f => f.Name).Distinct())
        {
            var (a, b) = (ValueOf(old, name), ValueOf(now, name));
            if (a != b) Add("device state", prefix + name, a, b, causes.OfState(function));
        }
    }

    private string? PageCause(ulong address) => causes.OfPage(cast.Vmm!.Memory.HostBase + address);

    private void Add(string what, string where, string atSource, string atDestination, string? cause = null) =>
        _differences.Add(new MigrationDifference(what, where, atSource, atDestination) { Cause = cause });

    private static string ValueOf(IReadOnlyList<(string Name, string Value)> fields, string name)
    {
        foreach (var field in fields)
            if (field.Name == name) return field.Value;
        return "absent";
    }

    private static byte[] Page(GuestSnapshot snapshot, ulong address) =>
        snapshot.Pages.GetValueOrDefault(address) ?? new byte[GuestMemory.PageBytes];

    private static string Hex(byte value) => "0x" + value.ToString("x2", CultureInfo.InvariantCulture);
}
