using NUnit.Framework;
using Sim.Core;
using Sim.Iommu;
using Sim.Vfio.Iommufd;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;
using Sim.Vfio.VfioPci;

namespace Sim.Vfio.Tests.Iommufd;

/// <summary>Mappings of users by both kernels' interfaces, BARs of peers and their revocation, dirty bitmaps.</summary>
public sealed class AddressSpaceTests
{
    private const ulong Memory = 0x1000_0000;
    private const ulong PeerBar = 0x8000_0000;

    private TestHost _host = null!;

    [SetUp]
    public void SetUp() => _host = new TestHost().Boot();

    [TestCase(true)]
    [TestCase(false)]
    public void A_device_reaches_what_is_mapped_until_it_is_unmapped(bool iommufd) => _host.Run(async () =>
    {
        var space = Space(iommufd);
        Assert.That(space.Map(0x1000, Memory, 0x2000, IoPermissions.ReadWrite), Is.EqualTo(Errno.None));
        Assert.That(space.Map(0x2000, Memory, 0x1000, IoPermissions.Read), Is.EqualTo(Errno.EEXIST));
        Assert.That(space.Map(0x5800, Memory, 0x1000, IoPermissions.Read), Is.EqualTo(Errno.EINVAL));
        space.Attach(_host.Vfs[0].Id);
        Assert.That(await WriteAsync(0, 0x1010, 0x11), Is.True);
        Assert.That(_host.Root.Memory.ReadValue(Memory + 0x10, 1), Is.EqualTo(0x11));
        Assert.That(await space.UnmapAsync(0x1000, 0x1000), Is.EqualTo((Errno.EINVAL, 0ul)), "half of a mapping");
        Assert.That(await space.UnmapAsync(0x1000, 0x2000), Is.EqualTo((Errno.None, 0x2000ul)));
        Assert.That(await space.UnmapAsync(0x1000, 0x2000), Is.EqualTo((Errno.ENOENT, 0ul)));
        Assert.That(await WriteAsync(0, 0x1010, 0x22), Is.False);
        Assert.That(_host.Root.Memory.ReadValue(Memory + 0x10, 1), Is.EqualTo(0x11));
        space.Map(0x1000, Memory, 0x1000, IoPermissions.ReadWrite);
        await space.DetachAsync(_host.Vfs[0].Id);
        Assert.That(await WriteAsync(0, 0x1010, 0x33), Is.False);
    });

    [TestCase(true, false)]
    [TestCase(false, true)]
    public void A_reset_revokes_a_peers_access_by_iommufd_and_type1_forgets(bool iommufd, bool reaches) => _host.Run(async () =>
    {
        var space = Space(iommufd);
        var peer = await _host.OpenAsync(1);
        Assert.That(space.MapBar(PeerBar, peer, 0), Is.EqualTo(Errno.None));
        space.Attach(_host.Vfs[0].Id);
        Assert.That(await WriteAsync(0, PeerBar + 0x40, 1), Is.True);
        await peer.ResetAsync();
        Assert.That(await WriteAsync(0, PeerBar + 0x40, 2), Is.EqualTo(reaches));
        Assert.That(space.MapBar(2 * PeerBar, peer, 0), Is.EqualTo(Errno.None), "after the reset it can be mapped again");
    });

    [TestCase(RevokePolicy.ZapOnNotRunning, true)]
    [TestCase(RevokePolicy.RevokeOnNotRunning, false)]
    public void A_stopped_device_is_out_of_its_peers_reach_if_the_policy_says_so(RevokePolicy policy, bool reaches) => _host.Run(async () =>
    {
        var space = new IoAddressSpace(_host.Kernel.Iommu!, "guest");
        var peer = await _host.OpenAsync(1, policy);
        var buffer = peer.ExportDmaBuf(0);
        Assert.That(space.MapBuffer(PeerBar, buffer), Is.EqualTo(Errno.None));
        space.Attach(_host.Vfs[0].Id);
        await peer.Migration!.SetStateAsync(MigrationState.Stop);
        Assert.That(await WriteAsync(0, PeerBar + 0x40, 1), Is.EqualTo(reaches));
        Assert.That(buffer.IsRevoked, Is.EqualTo(!reaches));
        Assert.That(space.MapBuffer(2 * PeerBar, buffer), Is.EqualTo(reaches ? Errno.None : Errno.ENODEV));
        await peer.Migration.SetStateAsync(MigrationState.Running);
        Assert.That(buffer.IsRevoked, Is.False);
    });

    [Test]
    public void A_dirty_bitmap_has_what_was_written_since_the_last_one() => _host.Run(async () =>
    {
        var space = new IoAddressSpace(_host.Kernel.Iommu!, "guest");
        space.Map(0, Memory, 0x10_0000, IoPermissions.ReadWrite);
        var (_, table) = space.Allocate(dirtyTracking: true);
        table!.Attach(_host.Vfs[0].Id);
        var range = new IovaRange(0, 0x10_0000);
        Assert.That((await table.GetDirtyBitmapAsync(range, 4096)).Error, Is.EqualTo(Errno.EINVAL), "tracking is off");
        await WriteAsync(0, 0x9000, 1);
        Assert.That(await table.SetDirtyTrackingAsync(true), Is.EqualTo(Errno.None));
        await WriteAsync(0, 0x3000, 1);
        await WriteAsync(0, 0x5008, 1);
        Assert.That(await PagesAsync(table, noClear: true), Is.EqualTo(new ulong[] { 0x3000, 0x5000 }));
        Assert.That(await PagesAsync(table), Is.EqualTo(new ulong[] { 0x3000, 0x5000 }));
        await WriteAsync(0, 0x3000, 2);
        Assert.That(await PagesAsync(table), Is.EqualTo(new ulong[] { 0x3000 }), "the flush made it count again");
        Assert.That((await table.GetDirtyBitmapAsync(range, 0x3000)).Error, Is.EqualTo(Errno.EINVAL));
        await table.SetDirtyTrackingAsync(false);
        await WriteAsync(0, 0x7000, 2);
        await table.SetDirtyTrackingAsync(true);
        Assert.That(await PagesAsync(table), Is.Empty);
    });

    [Test]
    public void A_large_page_is_dirty_as_a_whole() => _host.Run(async () =>
    {
        var space = new IoAddressSpace(_host.Kernel.Iommu!, "guest");
        space.Map(0, Memory, 0x40_0000, IoPermissions.ReadWrite);
        var (_, table) = space.Allocate(dirtyTracking: true, largestPage: 2 << 20);
        table!.Attach(_host.Vfs[0].Id);
        await table.SetDirtyTrackingAsync(true);
        await WriteAsync(0, 0x20_3000, 1);
        Assert.That((await PagesAsync(table)).Count, Is.EqualTo(512));
    });

    [TestCase(true)]
    [TestCase(false)]
    public void A_kernel_that_does_not_flush_cleared_dirty_bits_loses_writes(bool flushes)
    {
        _host = new TestHost().Boot(iommu: new IommuPolicy { FlushesDirty = flushes });
        _host.Run(async () =>
        {
            var space = new IoAddressSpace(_host.Kernel.Iommu!, "guest");
            space.Map(0, Memory, 0x10_0000, IoPermissions.ReadWrite);
            var (_, table) = space.Allocate(dirtyTracking: true);
            table!.Attach(_host.Vfs[0].Id);
            await table.SetDirtyTrackingAsync(true);
            await WriteAsync(0, 0x3000, 1);
            await PagesAsync(table);
            await WriteAsync(0, 0x3000, 2);
            Assert.That((await PagesAsync(table)).Count, Is.EqualTo(flushes ? 1 : 0));
        });
    }

    [Test]
    public void Without_scalable_mode_there_is_no_dirty_tracking()
    {
        _host = new TestHost().Boot(iommu: new IommuPolicy { ScalableMode = false });
        Assert.That(new IoAddressSpace(_host.Kernel.Iommu!, "guest").Allocate(dirtyTracking: true).Error, Is.EqualTo(Errno.EOPNOTSUPP));
    }

    private IUserAddressSpace Space(bool iommufd) =>
        iommufd ? new IoAddressSpace(_host.Kernel.Iommu!, "guest") : new Type1Container(_host.Kernel.Iommu!, "guest");

    private static async Task<IReadOnlyList<ulong>> PagesAsync(HardwarePageTable table, bool noClear = false)
    {
        var (error, dirty) = await table.GetDirtyBitmapAsync(new IovaRange(0, 0x40_0000), 4096, noClear);
        Assert.That(error, Is.EqualTo(Errno.None));
        return [.. dirty!.Pages()];
    }

    /// <summary>A DMA write of a VF.</summary>
    /// <returns>Whether the IOMMU let it pass.</returns>
    private async Task<bool> WriteAsync(int vf, ulong iova, byte value)
    {
        var faults = _host.Iommu.Faults.Count;
        _host.Device.Functions.Single(f => f.VfIndex == vf && f.IsVirtual).Dma.Write(iova, [value, 0, 0, 0]);
        await _host.Sim.Delay(SimDuration.FromMicroseconds(5));
        return _host.Iommu.Faults.Count == faults;
    }
}
