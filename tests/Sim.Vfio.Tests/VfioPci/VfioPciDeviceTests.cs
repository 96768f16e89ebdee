using NUnit.Framework;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Spec;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;
using Sim.Vfio.VfioPci;

namespace Sim.Vfio.Tests.VfioPci;

public sealed class VfioPciDeviceTests
{
    private const uint FlrBit = 1 << 15;

    private int _accesses;

    [Test]
    public void A_running_device_answers_through_a_mapping() => Run(RevokePolicy.None, async (host, device) =>
    {
        var process = new UserProcess(host.Kernel, "user");
        var load = await process.LoadAsync(device.Map(0), DmaQueueLayout.Identification);
        Assert.That((load.Outcome, load.Value), Is.EqualTo((AccessOutcome.Completed, (ulong)DmaQueueLayout.Magic)));
        Assert.That(load.Load.Completed, Is.GreaterThan(load.Issued));
    });

    [Test]
    public void The_control_block_is_not_the_users() => Run(RevokePolicy.None, async (host, device) =>
    {
        Assert.That(device.Map(0).Length, Is.EqualTo(MigrationControlBlock.Base));
        Assert.That(device.Map(0, MigrationControlBlock.Base, 0x1000).Error, Is.EqualTo(Errno.EINVAL));
        Assert.That((await device.ReadAsync(0, MigrationControlBlock.Status, 4)).Error, Is.EqualTo(Errno.EINVAL));
        Assert.That((await device.WriteAsync(0, MigrationControlBlock.Command, 1, 4)).Error, Is.EqualTo(Errno.EINVAL));
    });

    [Test]
    public void Beyond_what_is_mapped_a_CPU_access_is_a_SIGSEGV_and_nobody_survives_it() => Run(RevokePolicy.None, async (host, device) =>
    {
        var process = new UserProcess(host.Kernel, "user", handlesSigbus: true);
        _accesses = 0;
        var store = await process.StoreAsync(device.Map(0), MigrationControlBlock.Command, 4);
        Assert.That((store.Outcome, process.IsAlive, process.Sigbuses, _accesses), Is.EqualTo((AccessOutcome.Segfault, false, 0, 0)));
    });

    [TestCase(RevokePolicy.None, AccessOutcome.Completed, Errno.None, true)]
    [TestCase(RevokePolicy.ZapOnNotRunning, AccessOutcome.Sigbus, Errno.None, true)]
    [TestCase(RevokePolicy.FenceOnNotRunning, AccessOutcome.Sigbus, Errno.EIO, false)]
    public void In_STOP_each_path_goes_as_the_policy_says(RevokePolicy policy, AccessOutcome mapped, Errno region, bool ioEventFd) =>
        Run(policy, async (host, device) =>
        {
            var process = new UserProcess(host.Kernel, "user", handlesSigbus: true);
            var mapping = device.Map(0);
            await process.LoadAsync(mapping, 0);
            await device.Migration!.SetStateAsync(MigrationState.Stop);
            _accesses = 0;
            Assert.That((await process.LoadAsync(mapping, 0)).Outcome, Is.EqualTo(mapped));
            Assert.That(_accesses, Is.EqualTo(mapped == AccessOutcome.Completed ? 1 : 0), "TLPs of a load");
            Assert.That((await device.ReadAsync(0, 0, 4)).Error, Is.EqualTo(region));
            Assert.That(device.FireIoEventFd(0, DmaQueueLayout.Doorbell, 0, 4), Is.EqualTo(ioEventFd));
            Assert.That(await device.ConfigReadAsync(0, 2), Is.EqualTo(DmaQueueLayout.VendorId));
            Assert.That(process.IsAlive, Is.True);
        });

    [Test]
    public void A_process_that_does_not_expect_SIGBUS_dies_of_it() => Run(RevokePolicy.ZapOnNotRunning, async (host, device) =>
    {
        var process = new UserProcess(host.Kernel, "sloppy");
        await device.Migration!.SetStateAsync(MigrationState.Stop);
        await process.StoreAsync(device.Map(0), 0x20, 1);
        Assert.That(process.IsKilled, Is.True);
        Assert.That((await process.StoreAsync(device.Map(0), 0x20, 1)).Outcome, Is.EqualTo(AccessOutcome.Dead));
        Assert.That(host.Kernel.Outcome.Count(HostEventKind.ProcessKilled), Is.EqualTo(1));
    });

    [Test]
    public void Back_in_RUNNING_a_fault_maps_again() => Run(RevokePolicy.ZapOnNotRunning, async (host, device) =>
    {
        var process = new UserProcess(host.Kernel, "user", handlesSigbus: true);
        var mapping = device.Map(0);
        await device.Migration!.SetStateAsync(MigrationState.Stop);
        await device.Migration.SetStateAsync(MigrationState.Running);
        Assert.That((await process.LoadAsync(mapping, 0)).Value, Is.EqualTo(DmaQueueLayout.Magic));
    });

    [Test]
    public void In_RUNNING_P2P_nothing_is_revoked() => Run(RevokePolicy.FenceOnNotRunning, async (host, device) =>
    {
        await device.Migration!.SetStateAsync(MigrationState.RunningP2P);
        Assert.That((await device.ReadAsync(0, 0, 4)).Value, Is.EqualTo(DmaQueueLayout.Magic));
    });

    [Test]
    public void The_MSIX_table_reads_all_ones_and_sends_nothing() => Run(RevokePolicy.None, async (host, device) =>
    {
        await device.ReadAsync(0, 0, 4);
        _accesses = 0;
        Assert.That(await device.ReadAsync(0, DmaQueueLayout.MsixTable, 4), Is.EqualTo(new RegionResult(Errno.None, uint.MaxValue)));
        Assert.That((await device.WriteAsync(0, DmaQueueLayout.MsixTable, 0, 4)).Error, Is.EqualTo(Errno.None));
        Assert.That(_accesses, Is.Zero);
    });

    [Test]
    public void A_reset_zaps_and_blocks_faults_until_it_is_over() => Run(RevokePolicy.None, async (host, device) =>
    {
        var process = new UserProcess(host.Kernel, "user");
        var mapping = device.Map(0);
        await process.LoadAsync(mapping, 0);
        await device.Migration!.SetStateAsync(MigrationState.Stop);
        var begun = host.Sim.Now;
        var reset = device.ConfigWriteAsync(host.Vfs[0].Express + 0x08, 2, FlrBit);
        var load = await process.LoadAsync(mapping, 0);
        Assert.That(load.Value, Is.EqualTo(DmaQueueLayout.Magic));
        Assert.That(host.Sim.Now - begun, Is.GreaterThan(host.Kernel.Policy.ResetWait));
        await reset;
        Assert.That(device.Migration.State, Is.EqualTo(MigrationState.Running));
        Assert.That(host.Kernel.Outcome.Count(HostEventKind.FunctionReset), Is.EqualTo(1));
    });

    [Test]
    public void Clearing_COMMAND_MEM_of_a_VF_disables_nothing() => Run(RevokePolicy.None, async (host, device) =>
    {
        await device.ConfigWriteAsync(0x04, 2, 0x4);
        Assert.That(await device.ConfigReadAsync(0x04, 2) & 2, Is.Zero);
        Assert.That(device.MemoryEnabled, Is.True);
        Assert.That((await new UserProcess(host.Kernel, "user").LoadAsync(device.Map(0), 0)).Value, Is.EqualTo(DmaQueueLayout.Magic));
    });

    [TestCase(true)]
    [TestCase(false)]
    public void Clearing_COMMAND_MEM_of_a_PF_stops_its_user_without_a_TLP(bool mapped)
    {
        var host = new TestHost().Boot();
        host.Run(async () =>
        {
            var device = new VfioPciDevice(host.Kernel, host.KernelPf, "user");
            var process = new UserProcess(host.Kernel, "user", handlesSigbus: true);
            var mapping = device.Map(0);
            await process.LoadAsync(mapping, 0);
            await device.ConfigWriteAsync(0x04, 2, 0x4);
            if (mapped) Assert.That((await process.LoadAsync(mapping, 0)).Outcome, Is.EqualTo(AccessOutcome.Sigbus));
            else Assert.That((await device.ReadAsync(0, 0, 4)).Error, Is.EqualTo(Errno.EIO));
        });
        Assert.That(host.Dmesg, Is.Empty);
    }

    [Test]
    public void An_image_round_trip_through_the_control_block_is_byte_identical() => Run(RevokePolicy.None, async (host, device) =>
    {
        var first = await SaveAsync(device);
        await device.Migration!.SetStateAsync(MigrationState.Running);
        await device.WriteAsync(0, DmaQueueLayout.SubmissionBase, 0x1234_5000, 8);
        Assert.That(await SaveAsync(device), Is.Not.EqualTo(first));
        var resuming = await device.Migration.SetStateAsync(MigrationState.Resuming);
        await resuming.File!.WriteAsync(first);
        Assert.That((await device.Migration.SetStateAsync(MigrationState.Stop)).Error, Is.EqualTo(Errno.None));
        Assert.That(await SaveAsync(device), Is.EqualTo(first));
    });

    [TestCase(new byte[] { 1, 2, 3 }, Errno.EINVAL)]
    [TestCase(new byte[] { 9, 0, 0, 0, 0, 0, 0, 0, 1 }, Errno.EINVAL)]
    [TestCase(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1 }, Errno.EINVAL)]
    [TestCase(new byte[] { 2, 0, 0, 0, 0, 0, 0, 0, 1, 1 }, Errno.EIO)]
    public void A_device_image_that_is_none_fails_the_arc_and_leaves_RESUMING(byte[] image, Errno expected) => Run(
        RevokePolicy.None, async (host, device) =>
    {
        var resuming = await device.Migration!.SetStateAsync(MigrationState.Resuming);
        await resuming.File!.WriteAsync(image);
        Assert.That(await device.Migration.SetStateAsync(MigrationState.Running),
            Is.EqualTo(new SetStateResult(expected, MigrationState.Resuming, null)));
    });

    [TestCase(nameof(StoppedAccessPolicy.Discard), MigrationFeatures.StopCopy | MigrationFeatures.P2P)]
    [TestCase(nameof(StoppedAccessPolicy.DoorbellRestarts), MigrationFeatures.StopCopy)]
    public void Features_are_what_the_device_says(string policy, MigrationFeatures expected)
    {
        var host = new TestHost((StoppedAccessPolicy)typeof(StoppedAccessPolicy).GetProperty(policy)!.GetValue(null)!).Boot();
        host.Run(async () => Assert.That((await host.OpenAsync(0)).Migration!.Features, Is.EqualTo(expected)));
    }

    private static async Task<byte[]> SaveAsync(VfioPciDevice device)
    {
        var file = (await device.Migration!.SetStateAsync(MigrationState.StopCopy)).File!;
        var image = new byte[0x2000];
        var read = await file.ReadAsync(image);
        Assert.That(read.Error, Is.EqualTo(Errno.None));
        return image[..read.Bytes];
    }

    private void Run(RevokePolicy policy, Func<TestHost, VfioPciDevice, Task> test)
    {
        var host = new TestHost().Boot();
        using var counted = host.Device.Accesses.Subscribe((Sim.Core.SimTime _, in AccessRecord _) => _accesses++);
        host.Run(async () => await test(host, await host.OpenAsync(0, policy)));
    }
}
