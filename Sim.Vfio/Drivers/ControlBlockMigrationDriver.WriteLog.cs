using Sim.Pcie.Spec;
using Sim.Vfio.Migration;

namespace Sim.Vfio.Drivers;

public sealed partial class ControlBlockMigrationDriver
{
    /// <summary>The device's write log, which covers one range: several are covered from the first to the last.</summary>
    private sealed class WriteLog(ControlBlockMigrationDriver driver) : IDirtyLogDriver
    {
        private const ulong PageBytes = MigrationControlBlock.LogPageBytes;
        private const ulong PagesInWindow = MigrationControlBlock.ImageSize * 8;

        private bool _active;

        public async Task<(Errno Error, ulong PageBytes)> StartLogAsync(IReadOnlyList<IovaRange> ranges, ulong pageBytes)
        {
            if (_active) return (Errno.EINVAL, pageBytes);
            var first = ranges.Min(r => r.Iova) / PageBytes;
            var last = ranges.Max(r => r.Iova + r.Length - 1) / PageBytes;
            if (last - first >= MigrationControlBlock.MaxLogPages) return (Errno.EOPNOTSUPP, pageBytes);
            var error = await TryAsync(MigrationControlBlock.StartLog, first, last - first + 1);
            _active = error == Errno.None;
            return (error, PageBytes);
        }

        public async Task<Errno> StopLogAsync()
        {
            if (!_active) return Errno.None;
            _active = false;
            return await TryAsync(MigrationControlBlock.StopLog, 0, 0);
        }

        public async Task<Errno> ReadAndClearLogAsync(DirtyBitmap dirty)
        {
            if (!_active) return Errno.EINVAL;
            using var held = await driver._window.LockAsync();
            var (page, end) = (dirty.Range.Iova / PageBytes, (dirty.Range.Iova + dirty.Range.Length + PageBytes - 1) / PageBytes);
            while (page < end)
            {
                var count = Math.Min(end - page, PagesInWindow);
                if (await TryAsync(MigrationControlBlock.ReadLog, page, count) is var error and not Errno.None) return error;
                byte[] bits;
                try
                {
                    bits = await driver.ReadWindowAsync((int)((count + 7) / 8));
                }
                catch (MigrationStepException failure)
                {
                    return failure.Error;
                }

                for (ulong i = 0; i < count; i++)
                    if ((bits[i / 8] >> (int)(i % 8) & 1) != 0) dirty.Set((page + i) * PageBytes, PageBytes);
                page += count;
            }

            return Errno.None;
        }

        private async Task<Errno> TryAsync(uint command, ulong firstPage, ulong pages)
        {
            var root = driver._kernel.Root;
            root.Store(driver._base + MigrationControlBlock.LogBase, firstPage * PageBytes, 8);
            root.Store(driver._base + MigrationControlBlock.LogPages, pages, 4);
            try
            {
                await driver.CommandAsync(command);
                return Errno.None;
            }
            catch (MigrationStepException failure)
            {
                return failure.Error;
            }
        }
    }
}
