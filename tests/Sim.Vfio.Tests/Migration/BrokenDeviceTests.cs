using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Spec;
using Sim.Vfio.Drivers;
using Sim.Vfio.Migration;
using Sim.Vfio.VfioPci;
using static Sim.Vfio.Migration.MigrationState;

namespace Sim.Vfio.Tests.Migration;

/// <summary>Every command of the device fails once, in every walk that uses it: the state read afterwards is legal and true.</summary>
public sealed class BrokenDeviceTests
{
    private static readonly uint[] Commands =
    [
        MigrationControlBlock.SuspendInitiator, MigrationControlBlock.SuspendResponder, MigrationControlBlock.ResumeResponder,
        MigrationControlBlock.ResumeInitiator, MigrationControlBlock.Save, MigrationControlBlock.Load,
    ];

    private static readonly string[] Models = ["queue", "simple", "snapshot"];

    [Test]
    public void A_command_that_fails_leaves_a_state_that_the_device_is_in(
        [ValueSource(nameof(Commands))] uint command, [Values] bool hangs, [ValueSource(nameof(Models))] string model)
    {
        var host = new TestHost(model: (sim, name, config) => model switch
        {
            "snapshot" => new SnapshotFunction(sim, name, config),
            "simple" => new DmaQueueFunction(sim, name, config, StoppedAccessPolicy.DoorbellRestarts),
            _ => new DmaQueueFunction(sim, name, config),
        }).Boot();
        var function = host.VfDevices[0];
        host.Run(async () =>
        {
            var driver = await ControlBlockMigrationDriver.ProbeAsync(host.Kernel, host.Vfs[0], SimDuration.FromMicroseconds(50));
            var device = new VfioPciDevice(host.Kernel, host.Vfs[0], "guest", RevokePolicy.None, driver);
            var migration = device.Migration!;
            foreach (var from in Enum.GetValues<MigrationState>())
                foreach (var to in Enum.GetValues<MigrationState>())
                {
                    if (MigrationArcs.Path(from, to, migration.Features) is not { } path) continue;
                    function.Fault = null;
                    await device.ResetAsync();
                    var prepared = await migration.SetStateAsync(from);
                    if (from == Resuming) await prepared.File!.WriteAsync(Image(function));
                    function.Fault = new MigrationFault(command, hangs);
                    var result = await migration.SetStateAsync(to);
                    var what = $"{from} -> {to}: {result.Error}, {result.State}";
                    Assert.That(result.State, Is.EqualTo(migration.State), what);
                    if (result.Error == Errno.None) Assert.That(result.State, Is.EqualTo(to), what);
                    else Assert.That(path.Append(Error), Does.Contain(result.State), what);
                    if (result.State == Error) continue;
                    var isStopped = !VfioMigration.RespondsToMmio(result.State);
                    Assert.That(function.ResponderSuspended, Is.EqualTo(isStopped), what);
                    Assert.That(function.InitiatorSuspended, Is.EqualTo(isStopped || result.State is RunningP2P or PreCopyP2P), what);
                }

            function.Fault = null;
            Assert.That(await device.ResetAsync(), Is.EqualTo(Errno.None));
            Assert.That((await migration.SetStateAsync(StopCopy)).Error, Is.EqualTo(Errno.None), "a reset mends it");
        });
    }

    private static byte[] Image(ControlBlockFunction function)
    {
        var image = function.SaveImage();
        return [.. BitConverter.GetBytes((ulong)image.Length), .. image];
    }
}
