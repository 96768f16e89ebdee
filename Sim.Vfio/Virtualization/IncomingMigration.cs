using Sim.Core;
using Sim.Vfio.Migration;

namespace Sim.Vfio.Virtualization;

/// <summary>What the destination side of a migration did and saw.</summary>
/// <param name="Error">None, or why it failed; the guest then does not run.</param>
/// <param name="Failure">Why it failed, in words; null if it did not.</param>
/// <param name="Snapshot">The destination before the guest ran on, read back from memory and devices.</param>
/// <param name="Resumed">When the guest ran on.</param>
public sealed record IncomingMigrationResult(Errno Error, string? Failure, GuestSnapshot? Snapshot, SimTime Resumed);

/// <summary>The destination side of a migration: a new virtual machine, stopped, takes the stream over and runs on.</summary>
public static class IncomingMigration
{
    private const int ChunkBytes = 4096;

    /// <summary>Loads a stream into a virtual machine that has the same devices in the same order, and runs it.</summary>
    /// <param name="vmm">The destination, never run.</param>
    /// <param name="stream">What the source wrote.</param>
    /// <param name="restoresInterrupts">Whether the devices get this host's interrupts once more after their images were loaded.</param>
    /// <param name="order">In which order several devices run again.</param>
    /// <exception cref="InvalidDataException">The stream is not for such a guest.</exception>
    public static async Task<IncomingMigrationResult> RunAsync(
        Vmm vmm, ReadOnlyMemory<byte> stream, bool restoresInterrupts = true, StopOrder order = StopOrder.TwoPhase)
    {
        var sim = vmm.Kernel.Sim;
        var incoming = MigrationStream.Read(stream, vmm.Memory.Bytes);
        if (incoming.Images.Count != vmm.Devices.Count)
            throw new InvalidDataException($"the stream has {incoming.Images.Count} device images, the guest {vmm.Devices.Count} devices");
        foreach (var (address, page) in incoming.Pages) vmm.Memory.LoadPage(address, page);
        for (var device = 0; device < vmm.Devices.Count; device++)
        {
            var error = await DeviceImages.LoadAsync(vmm.Devices[device].Device.Migration!, incoming.Images[device], ChunkBytes);
            if (error != Errno.None) return Failed(error, $"image of device {device}");
        }

        // Images are read back before anything runs: what the destination really holds, not what was sent to it.
        List<byte[]> images = [];
        foreach (var assigned in vmm.Devices)
        {
            var (image, error) = await DeviceImages.SaveAsync(assigned.Device.Migration!, ChunkBytes);
            if (error != Errno.None) return Failed(error, $"read-back of {assigned.Device.Function.Id}");
            images.Add(image);
        }

        vmm.Cpu.Program.Load(incoming.Cpu);
        foreach (var (device, vector) in incoming.Pending) vmm.Cpu.Raise(device, vector);
        var snapshot = GuestSnapshot.Of(vmm, images);
        // The image brought the source's MSI-X table: this host's addresses and data replace it.
        if (restoresInterrupts)
            foreach (var assigned in vmm.Devices) await assigned.Device.RestoreMsixAsync();
        MigrationState[] phases = [MigrationState.RunningP2P, MigrationState.Running];
        if (order == StopOrder.Sequential) phases = [MigrationState.Running];
        foreach (var state in phases)
            foreach (var assigned in vmm.Devices)
            {
                var migration = assigned.Device.Migration!;
                if (!MigrationArcs.IsSupported(state, migration.Features)) continue;
                var result = await migration.SetStateAsync(state);
                if (result.Error != Errno.None) return Failed(result.Error, $"{assigned.Device.Function.Id} to {state}");
            }

        await vmm.RemapForPeersAsync();
        vmm.Run();
        return new(Errno.None, null, snapshot, sim.Now);

        IncomingMigrationResult Failed(Errno error, string what) => new(error, $"{what}: {error}", null, sim.Now);
    }
}
