using NUnit.Framework;
using Sim.Core;
using Sim.Vfio.Guests;
using Sim.Vfio.Iommufd;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;
using Sim.Vfio.VfioPci;
using Sim.Vfio.Virtualization;

namespace Sim.Vfio.Tests.Virtualization;

/// <summary>What a guest's devices reach is an address space of the kernel: what the kernel does to it, happens to the guest.</summary>
public sealed class GuestSpaceTests
{
    private const ulong HostBase = 0x1000_0000;
    private const ulong GuestBytes = 1 << 20;

    [TestCase(RevokePolicy.RevokeOnNotRunning, false, false)]
    [TestCase(RevokePolicy.ZapOnNotRunning, false, true)]
    [TestCase(RevokePolicy.RevokeOnNotRunning, true, true)]
    public void A_stopped_device_is_out_of_its_peers_reach_where_the_kernel_tells_the_address_space(
        RevokePolicy policy, bool type1, bool remains)
    {
        var (host, vmm) = Boot(policy, type1);
        var iova = Vmm.BarAddress(0, 0);
        Assert.That(IsMapped(vmm, iova), Is.True);
        var migration = vmm.Devices[0].Device.Migration!;
        host.Run(async () => await migration.SetStateAsync(MigrationState.Stop));
        Assert.That(IsMapped(vmm, iova), Is.EqualTo(remains));

        // What was revoked does not come back with the device: the VMM has to map it, and can as soon as it runs.
        host.Run(vmm.RemapForPeersAsync);
        Assert.That(IsMapped(vmm, iova), Is.EqualTo(remains), "ENODEV while it is revoked");
        host.Run(async () => await migration.SetStateAsync(MigrationState.Running));
        Assert.That(IsMapped(vmm, iova), Is.EqualTo(remains));
        host.Run(vmm.RemapForPeersAsync);
        Assert.That(IsMapped(vmm, iova), Is.True);
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_type1_container_counts_all_memory_as_written_and_iommufd_what_was(bool type1)
    {
        var (host, vmm) = Boot(RevokePolicy.None, type1, devices: 1);
        LiveMigrationResult? result = null;
        vmm.Run();
        host.Sim.Start("migration", async () =>
            result = await new LiveMigration(vmm, new LiveMigrationOptions { PreCopyRounds = 3, TakesReference = false }).RunAsync());
        host.Sim.RunUntil(host.Sim.Now + SimDuration.FromMilliseconds(20));
        Assert.That(result?.Failure, Is.Null);
        const int All = (int)(GuestBytes / GuestMemory.PageBytes);
        Assert.That(result!.PagesPerRound.Skip(1), type1 ? Is.All.EqualTo(All) : Is.All.LessThan(All / 2));
    }

    [Test]
    public void Without_scalable_mode_the_IOMMU_tracks_nothing_and_the_migration_says_so()
    {
        var (host, vmm) = Boot(RevokePolicy.None, type1: false, devices: 1, new() { ScalableMode = false });
        LiveMigrationResult? result = null;
        host.Run(async () => result = await new LiveMigration(vmm).RunAsync());
        Assert.That(result!.Failure, Is.EqualTo("dirty tracking by the IOMMU: EOPNOTSUPP"));
    }

    private static bool IsMapped(Vmm vmm, ulong iova) => vmm.Space.Areas.Any(a => a.Iova == iova && a.IsPresent);

    private static (TestHost Host, Vmm Vmm) Boot(
        RevokePolicy policy, bool type1, int devices = 2, IommuPolicy? mode = null)
    {
        var host = new TestHost().Boot(iommu: mode);
        Vmm? vmm = null;
        host.Run(async () =>
        {
            var iommu = host.Kernel.Iommu!;
            IUserAddressSpace space = type1 ? new Type1Container(iommu, "guest") : new IoAddressSpace(iommu, "guest");
            var program = new DmaQueueGuest(new DmaQueueGuestOptions { Jobs = 200 });
            vmm = new Vmm(host.Kernel, "guest", HostBase, GuestBytes, program, space);
            for (var vf = 0; vf < devices; vf++) vmm.MapForPeers(await vmm.AddDeviceAsync(await host.OpenAsync(vf, policy), 1), 0);
        });
        return (host, vmm!);
    }
}
