using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>What the shape of a script cannot say of guests, of the VMM and of migrations.</summary>
internal static class MigrationChecks
{
    private const long PageBytes = 4096;
    private const long MostMemory = 256L << 20;

    public static void Check(Script script, ErrorList errors)
    {
        var vmm = script.Vmm;
        if (vmm.GuestMemory.Bytes <= 0 || vmm.GuestMemory.Bytes % PageBytes != 0 || vmm.GuestMemory.Bytes > MostMemory)
            errors.Add(vmm.PositionOf("guest_memory"),
                $"a guest of {vmm.GuestMemory}; expected a multiple of 4KiB, up to {new ByteSize(MostMemory)}");
        if (vmm.Bandwidth is { Bytes: <= 0 })
            errors.Add(vmm.PositionOf("bandwidth"), $"a bandwidth of {vmm.Bandwidth}; expected a size like 1GiB, which leaves in a second");
        if (vmm.DowntimeLimit is not null && vmm.Bandwidth is null)
            errors.Add(vmm.PositionOf("downtime_limit"), "a limit of what takes no time; expected 'bandwidth', too");
        var guests = script.Actors.Items.Where(a => a.Value.Kind == ActorKind.Guest).ToList();
        foreach (var second in guests.Skip(1))
            errors.Add(second.Position, $"'{second.Name}' is a second guest; expected one guest on a host");
        foreach (var actor in script.Actors.Items.Where(a => a.Value.Kind != ActorKind.Guest && a.Value.Peers.Count > 0))
            errors.Add(actor.Value.PositionOf("peers"), $"'{actor.Name}' is no guest; expected 'peers' of a guest only");
        var migrations = script.Timeline.OfType<MigrateEntry>().ToList();
        foreach (var migrate in migrations) Migrate(script, errors, guests, migrate);
        var asksIommu = vmm.Tracker is Tracker.Iommu or Tracker.Both && vmm.Space == SpaceKind.Iommufd;
        if (migrations.Count > 0 && asksIommu && !script.Iommu.Scalable)
            errors.Add(script.Iommu.PositionOf("scalable"),
                "the IOMMU tracks dirty pages in scalable mode only; expected 'scalable: true', 'tracker: device' or 'space: type1'");
    }

    /// <summary>An entry of a guest's driver.</summary>
    public static void Guests(Script script, ErrorList errors, Reference by)
    {
        if (ScriptChecks.Known(errors, "actor", by, script.Actors.Names) && script.Actors.Find(by.Name)!.Value.Kind != ActorKind.Guest)
            errors.Add(by.Position, $"'{by.Name}' is no guest, and has no driver; expected an actor of 'kind: guest'");
    }

    /// <summary>An entry that walks migration states.</summary>
    public static void Migratable(Script script, ErrorList errors, FunctionName of)
    {
        if (script.Topology.Devices.Find(of.Device)?.Value is not { } device) return;
        if (device.Model == DeviceModel.Traffic)
            errors.Add(of.Position, "a traffic generator has no migration states; expected another device");
        else if (of.Vf is null)
            errors.Add(of.Position, $"'{of.Device}' is a PF, which has no migration states; expected a VF, like {of.Device}.vf0");
    }

    private static void Migrate(Script script, ErrorList errors, IReadOnlyList<NamedItem<Actor>> guests, MigrateEntry migrate)
    {
        if (guests.Count == 0)
        {
            errors.Add(migrate.Of.Position, $"nobody's guest has {migrate.Of}; expected an actor of 'kind: guest' that maps it");
            return;
        }

        var functions = guests[0].Value.Functions.Select(f => f.ToString()).ToList();
        if (!functions.Contains(migrate.Of.ToString()) && ScriptChecks.Exists(script, migrate.Of))
            errors.Add(migrate.Of.Position,
                $"'{guests[0].Name}' does not have {migrate.Of}; expected a Function of the guest: {Words.Listed(functions)}");
        if (migrate.Times > 1) errors.Add(migrate.PositionOf("times"), "a guest leaves once; expected no 'times' in 'do: migrate'");
    }
}
