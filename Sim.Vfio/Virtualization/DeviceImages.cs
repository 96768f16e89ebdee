using Sim.Vfio.Migration;

namespace Sim.Vfio.Virtualization;

/// <summary>Device images through the migration uAPI: what a VMM does with states and data files.</summary>
internal static class DeviceImages
{
    /// <summary>To STOP_COPY, and all the data there is.</summary>
    public static async Task<(byte[] Image, Errno Error)> SaveAsync(VfioMigration migration, int chunkBytes)
    {
        var state = await migration.SetStateAsync(MigrationState.StopCopy);
        if (state.Error != Errno.None) return ([], state.Error);
        using var image = new MemoryStream();
        var chunk = new byte[chunkBytes];
        while (true)
        {
            var read = await state.File!.ReadAsync(chunk);
            if (read.Error != Errno.None) return ([], read.Error);
            if (read.Bytes == 0) return (image.ToArray(), Errno.None);
            image.Write(chunk, 0, read.Bytes);
        }
    }

    /// <summary>To RESUMING, the image, and to STOP.</summary>
    public static async Task<Errno> LoadAsync(VfioMigration migration, ReadOnlyMemory<byte> image, int chunkBytes)
    {
        var state = await migration.SetStateAsync(MigrationState.Resuming);
        if (state.Error != Errno.None) return state.Error;
        for (var at = 0; at < image.Length; at += chunkBytes)
        {
            var written = await state.File!.WriteAsync(image.Slice(at, Math.Min(chunkBytes, image.Length - at)));
            if (written.Error != Errno.None) return written.Error;
        }

        return (await migration.SetStateAsync(MigrationState.Stop)).Error;
    }
}
