using System.Buffers.Binary;

namespace Sim.Mlx5.Device;

/// <summary>What a record of an image is about.</summary>
internal enum ImageRecord : byte
{
    /// <summary>Initialization segment and command queue.</summary>
    Registers,

    /// <summary>How far the HCA was brought up, and its GIDs.</summary>
    Hca,

    /// <summary>Pages given to firmware.</summary>
    Pages,

    /// <summary>UARs taken.</summary>
    Uars,

    /// <summary>Protection domains taken.</summary>
    Pds,

    /// <summary>A memory key.</summary>
    Mkey,

    /// <summary>An event queue.</summary>
    Eq,

    /// <summary>A completion queue.</summary>
    Cq,

    /// <summary>A queue pair.</summary>
    Qp,

    /// <summary>MSI-X table and pending bits.</summary>
    Msix,

    /// <summary>Device memory taken.</summary>
    MemoryMap,

    /// <summary>A page of device memory that is not all zero.</summary>
    MemoryPage,
}

/// <summary>
/// The state of a VF that migrates, as records: one for each object, so that what changed since an earlier image can be told.
/// </summary>
internal sealed class VhcaState
{
    private readonly SortedDictionary<(ImageRecord Kind, uint Number), byte[]> _records = [];

    // A record is written here before it is one: one buffer for all of them.
    private readonly MemoryStream _bytes = new();
    private readonly BinaryWriter _to;

    public VhcaState() => _to = new BinaryWriter(_bytes);

    /// <summary>Every record, in order.</summary>
    public IEnumerable<((ImageRecord Kind, uint Number) Key, byte[]? Bytes)> All => _records.Select(r => (r.Key, (byte[]?)r.Value));

    /// <summary>The state of a VF as it is now.</summary>
    public static VhcaState Capture(Mlx5VirtualFunction vf)
    {
        var state = new VhcaState();
        var hca = vf.Vhca;
        state.Add(ImageRecord.Registers, 0, to =>
        {
            vf.InitSegment.Save(to);
            vf.Commands.Save(to);
        });
        state.Add(ImageRecord.Hca, 0, hca.Save);
        state.Add(ImageRecord.Pages, 0, to =>
        {
            foreach (var page in hca.Pages) to.Write(page);
        });
        state.Add(ImageRecord.Uars, 0, hca.Uars.Save);
        state.Add(ImageRecord.Pds, 0, hca.Pds.Save);
        state.Add(ImageRecord.Mkey, hca.Mkeys, static (mkey, to) => mkey.Save(to));
        state.Add(ImageRecord.Eq, hca.Eqs, static (eq, to) => eq.Save(to));
        state.Add(ImageRecord.Cq, hca.Cqs, static (cq, to) => cq.Save(to));
        state.Add(ImageRecord.Qp, hca.Qps, static (qp, to) => qp.Save(to));
        state.Add(ImageRecord.Msix, 0, vf.MsixTable.Save);
        state.Add(ImageRecord.MemoryMap, 0, vf.Memory.SaveAllocation);
        for (var page = 0; page < vf.Memory.Pages; page++)
        {
            if (vf.Memory.Page(page) is { IsEmpty: false } bytes)
                state._records.Add((ImageRecord.MemoryPage, (uint)page), bytes.ToArray());
        }

        return state;
    }

    /// <summary>Gives a VF this state.</summary>
    public void Restore(Mlx5VirtualFunction vf)
    {
        var hca = vf.Vhca;
        hca.ReleaseObjects();
        hca.Pages.Clear();
        vf.Memory.Reset();
        foreach (var ((kind, number), bytes) in _records)
        {
            using var from = new BinaryReader(new MemoryStream(bytes));
            switch (kind)
            {
                case ImageRecord.Registers:
                    vf.InitSegment.Load(from);
                    vf.Commands.Load(from);
                    break;
                case ImageRecord.Hca: hca.Load(from); break;
                case ImageRecord.Pages:
                    for (var at = 0; at < bytes.Length; at += 8) hca.Pages.Add(BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at)));
                    break;
                case ImageRecord.Uars: hca.Uars.Load(from); break;
                case ImageRecord.Pds: hca.Pds.Load(from); break;
                case ImageRecord.Mkey: hca.Mkeys.Put(number, Mkey.Load(number, from)); break;
                case ImageRecord.Eq: hca.Eqs.Put(number, Eq.Load(number, from)); break;
                case ImageRecord.Cq: hca.Cqs.Put(number, Cq.Load(number, from)); break;
                case ImageRecord.Qp: hca.Qps.Put(number, Qp.Load(number, hca, from)); break;
                case ImageRecord.Msix: vf.MsixTable.Load(from); break;
                case ImageRecord.MemoryMap: vf.Memory.LoadAllocation(from); break;
                case ImageRecord.MemoryPage: vf.Memory.LoadPage((int)number, bytes); break;
            }
        }
    }

    /// <summary>Records that an earlier state has not, or has otherwise; null where it has one that is gone.</summary>
    public IEnumerable<((ImageRecord Kind, uint Number) Key, byte[]? Bytes)> ChangesSince(VhcaState earlier)
    {
        foreach (var (key, bytes) in _records)
        {
            if (!earlier._records.TryGetValue(key, out var before) || !bytes.AsSpan().SequenceEqual(before)) yield return (key, bytes);
        }

        foreach (var key in earlier._records.Keys)
        {
            if (!_records.ContainsKey(key)) yield return (key, null);
        }
    }

    /// <summary>Takes the records of an image over.</summary>
    public void Apply(IEnumerable<((ImageRecord Kind, uint Number) Key, byte[]? Bytes)> changes)
    {
        foreach (var (key, bytes) in changes)
        {
            if (bytes is null) _records.Remove(key);
            else _records[key] = bytes;
        }
    }

    private void Add(ImageRecord kind, uint number, Action<BinaryWriter> save)
    {
        save(_to);
        Take(kind, number);
    }

    private void Take(ImageRecord kind, uint number)
    {
        _to.Flush();
        _records.Add((kind, number), _bytes.ToArray());
        _bytes.SetLength(0);
    }

    private void Add<T>(ImageRecord kind, ResourceTable<T> table, Action<T, BinaryWriter> save)
        where T : class
    {
        for (var slot = 0; slot < table.Slots.Length; slot++)
        {
            if (table.Slots[slot] is not { } value) continue;
            save(value, _to);
            Take(kind, table.First + (uint)slot);
        }
    }
}
