using Sim.Core;
using Sim.Vfio.Kernel;
using static Sim.Vfio.Kernel.PciRegisters;

namespace Sim.Vfio.VfioPci;

public sealed partial class VfioPciDevice
{
    private static readonly SimDuration ResetPatience = SimDuration.FromSeconds(1);

    /// <summary>
    /// VFIO_DEVICE_RESET by Function Level Reset, in the kernel's order: lock and zap, save, COMMAND to INTx-disable only (which clears
    /// Memory
    /// Space and Bus Master Enable), reset, wait, restore, migration state to RUNNING.
    /// </summary>
    /// <returns>EIO if the Function did not come back.</returns>
    public async Task<Errno> ResetAsync()
    {
        using (await _memoryLock.LockAsync())
        {
            if (Kernel.Policy.BlocksDisabledMemory) Zap();
            await RevokeDmaBufsAsync();
            var command = await Function.ReadAsync(Command, 2);
            var control = await Function.ReadAsync(Function.Express + DeviceControl, 2);
            var control2 = await Function.ReadAsync(Function.Express + DeviceControl2, 2);
            var bars = await SaveBarsAsync();
            await Function.WriteAsync(Command, 2, CommandIntxDisable);
            Kernel.Outcome.Record(HostEventKind.FunctionReset, Function.Id, [Function], $"function level reset of {Function.Id}");
            await Function.WriteAsync(Function.Express + DeviceControl, 2, control | InitiateFlr);
            await Kernel.Sim.Delay(Kernel.Policy.ResetWait);
            if (!await IsBackAsync()) return Errno.EIO;
            for (var bar = 0; bar < bars.Length; bar++) await Function.WriteAsync(FirstBar + 4 * bar, 4, bars[bar]);
            await Function.WriteAsync(Function.Express + DeviceControl, 2, control);
            await Function.WriteAsync(Function.Express + DeviceControl2, 2, control2);
            await Function.WriteAsync(Command, 2, command);
            await RestoreMsixAsync();
            RestoreDmaBufs();
        }

        if (Migration is not null && NotifiesResetDone) await Migration.ResetDoneAsync();
        return Errno.None;
    }

    private async Task<uint[]> SaveBarsAsync()
    {
        // A VF has no BARs of its own: they are in its PF's SR-IOV capability (§9.3.3.14).
        if (Function.IsVirtual) return [];
        var bars = new uint[6];
        for (var bar = 0; bar < bars.Length; bar++) bars[bar] = await Function.ReadAsync(FirstBar + 4 * bar, 4);
        return bars;
    }

    /// <summary>Polls the Command register, which unlike Vendor ID tells on a VF, too, whether the Function answers.</summary>
    private async Task<bool> IsBackAsync()
    {
        var deadline = Kernel.Sim.Now + ResetPatience;
        while (await Function.ReadAsync(Command, 4) == uint.MaxValue)
        {
            if (Kernel.Sim.Now >= deadline) return false;
            await Kernel.Sim.Delay(SimDuration.FromMilliseconds(1));
        }

        return true;
    }
}
