using System.Globalization;
using Scenarios.Results;
using Sim.Pcie.Endpoints;
using Sim.Vfio.Virtualization;

namespace Scenarios.Platforms;

/// <summary>Judges migration integrity: the source at the switch-over against the destination before it ran on, item by item.</summary>
internal sealed class MigrationJudge(Machine source, Cast cast, GuestSnapshot? reference, LiveMigrationResult? sent, Arrival? arrival)
{
    private readonly List<MigrationDifference> _differences = [];

    public (MigrationIntegrity Verdict, IReadOnlyList<MigrationDifference> Differences) Judge()
    {
        if (cast.Vmm is null || (sent is null && reference is null)) return (MigrationIntegrity.None, []);
        if (sent is null) Add("migration", "", source.Kernel.Outcome.IsPanicked ? "ended with the host" : "did not end", "nothing");
        else if (sent.Failure is { } failure) Add("migration", "", failure, "nothing");
        else if (arrival!.Failure is { } refusal) Add("migration", "", "sent", refusal);
        else Compare(sent.LatePages, reference!, arrival.Snapshot!);

        foreach (var problem in arrival?.Problems ?? []) Add("completion", "", problem, problem);
        return (_differences.Count == 0 ? MigrationIntegrity.Intact : MigrationIntegrity.Lost, _differences);
    }

    private void Compare(IReadOnlyList<ulong> latePages, GuestSnapshot was, GuestSnapshot became)
    {
        foreach (var page in latePages) Add("memory page", $"0x{page:x}", "written after the last dirty bitmap", "without that write");
        foreach (var address in was.Pages.Keys.Union(became.Pages.Keys).Order())
        {
            var (a, b) = (Page(was, address), Page(became, address));
            var same = a.AsSpan().CommonPrefixLength(b);
            if (same < a.Length) Add("memory page", $"0x{address:x}", $"{Hex(a[same])} at byte 0x{same:x}", Hex(b[same]));
        }

        var function = (IMigratableFunction)cast.GuestFunction!;
        var (old, now) = (function.DescribeImage(was.Images[0]), function.DescribeImage(became.Images[0]));
        for (var i = 0; i < Math.Max(old.Count, now.Count); i++)
        {
            var (a, b) = (At(old, i), At(now, i));
            if (a != b) Add("device state", a.Name.Length > 0 ? a.Name : b.Name, a.Value, b.Value);
        }

        foreach (var (device, vector) in was.Pending.Except(became.Pending))
            Add("interrupt", $"vector {vector} of device {device}", "pending", "gone");
        foreach (var (device, vector) in became.Pending.Except(was.Pending))
            Add("interrupt", $"vector {vector} of device {device}", "none", "pending");
        if (!was.Cpu.AsSpan().SequenceEqual(became.Cpu)) Add("vCPU state", "", "at the switch-over", "differs");
    }

    private void Add(string what, string where, string atSource, string atDestination) =>
        _differences.Add(new MigrationDifference(what, where, atSource, atDestination));

    private static (string Name, string Value) At(IReadOnlyList<(string Name, string Value)> fields, int i) =>
        i < fields.Count ? fields[i] : ("", "absent");

    private static byte[] Page(GuestSnapshot snapshot, ulong address) =>
        snapshot.Pages.GetValueOrDefault(address) ?? new byte[GuestMemory.PageBytes];

    private static string Hex(byte value) => "0x" + value.ToString("x2", CultureInfo.InvariantCulture);
}
