using Scenarios.Model;
using Sim.Core;
using Sim.Iommu;
using Sim.Iommu.Vtd;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using Sim.Vfio;
using Sim.Vfio.Iommufd;
using Sim.Vfio.Migration;

namespace Scenarios.Platforms;

/// <summary>The address spaces that a script's users make, what happens in them, and what Functions did outside of what is
/// mapped.</summary>
internal sealed class Spaces
{
    private const ulong FirstMemory = 0x5000_0000;

    private readonly Machine _machine;
    private readonly Cast _cast;
    private readonly Recorder _recorder;
    private readonly Dictionary<string, Space> _spaces = [];
    private ulong _nextMemory = FirstMemory;

    public Spaces(Machine machine, Script script, Cast cast, Recorder recorder, MemoryWatch watch)
    {
        (_machine, _cast, _recorder) = (machine, cast, recorder);
        foreach (var (name, _, item) in script.Spaces.Items)
        {
            var space = new Space(name, machine, item);
            _spaces.Add(name, space);
            recorder.Count(Outside(name), 0);
            foreach (var map in item.Maps) Map(space, map);
            foreach (var of in item.Of) Attach(space, of);
        }

        if (_spaces.Count == 0) return;
        machine.Root.Memory.Written.Subscribe((SimTime _, in MemoryWrite write) =>
        {
            foreach (var space in _spaces.Values)
            {
                if (!space.IsOutside(in write)) continue;
                _recorder.Count(Outside(space.Name));
                watch.Note(in write);
            }
        });
        machine.Iommu!.Written.Subscribe((SimTime _, in TranslatedWrite write) =>
        {
            foreach (var space in _spaces.Values) space.OnWrite(in write);
        });
    }

    private static string Outside(string space) => $"writes of {space} to memory that is not mapped";

    public async Task PlayAsync(TimelineEntry entry)
    {
        switch (entry)
        {
            case MapEntry map:
                Map(_spaces[map.In.Name], map.Map);
                break;
            case UnmapEntry unmap:
                var from = _spaces[unmap.In.Name];
                var (error, bytes) = await from.Users.UnmapAsync(unmap.Iova, (ulong)unmap.Bytes.Bytes);
                _recorder.Count($"bytes unmapped of {from.Name}", (long)bytes);
                if (error == Errno.None) from.Forget(unmap.Iova, (ulong)unmap.Bytes.Bytes);
                else _recorder.Count($"unmaps of {from.Name}: {error}");
                break;
            case AttachEntry attach:
                Attach(_spaces[attach.In.Name], attach.Of);
                break;
            case TrackDirtyEntry track:
                var tracked = _spaces[track.In.Name];
                await tracked.Table!.SetDirtyTrackingAsync(true);
                tracked.Written.Clear();
                break;
            case ReadDirtyEntry read:
                await ReadDirtyAsync(_spaces[read.In.Name], new IovaRange(read.Iova, (ulong)read.Bytes.Bytes));
                break;
            default:
                throw new InvalidOperationException($"nothing plays {entry.GetType().Name}");
        }
    }

    /// <summary>Reads a bitmap and holds it against the ground truth: what the IOMMU let devices write since the last one.</summary>
    private async Task ReadDirtyAsync(Space space, IovaRange range)
    {
        HashSet<ulong> written = [.. space.Written];
        space.Written.Clear();
        var (error, dirty) = await space.Table!.GetDirtyBitmapAsync(range, HostMemory.PageSize);
        if (error != Errno.None)
        {
            _recorder.Count($"dirty bitmaps of {space.Name}: {error}");
            return;
        }

        HashSet<ulong> reported = [.. dirty!.Pages()];
        Count("written", written.Count);
        Count("reported dirty", reported.Count);
        Count("missed", written.Count(page => !reported.Contains(page)));
        Count("reported though not written", reported.Count(page => !written.Contains(page)));

        void Count(string what, int pages) => _recorder.Count($"pages of {space.Name} {what}", pages);
    }

    private void Map(Space space, MapItem map)
    {
        Errno error;
        if (map.Bar is { } bar)
        {
            var device = _cast.Opened(bar)!;
            error = space.Users.MapBar(map.Iova, device, 0);
        }
        else
        {
            var bytes = (ulong)map.Memory!.Value.Bytes;
            var largest = space.Page;
            _nextMemory = (_nextMemory + largest - 1) & ~(largest - 1);
            error = space.Users.Map(map.Iova, _nextMemory, bytes, map.Access switch
            {
                MapAccess.Read => IoPermissions.Read,
                MapAccess.Write => IoPermissions.Write,
                _ => IoPermissions.ReadWrite,
            });
            if (error == Errno.None) space.Remember(map.Iova, _nextMemory, bytes);
            _nextMemory += bytes;
        }

        if (error != Errno.None) _recorder.Count($"maps of {space.Name}: {error}");
    }

    private void Attach(Space space, Language.FunctionName of)
    {
        var function = _machine.Device(of.Device).Function(of.Vf);
        space.Functions.Add(function.Id);
        space.Attach(function.Id);
    }

    private sealed class Space
    {
        private readonly List<(ulong Iova, ulong Address, ulong Bytes)> _memory = [];

        public Space(string name, Machine machine, SpaceItem item)
        {
            (Name, Page) = (name, (ulong)item.Page.Bytes);
            var iommu = machine.Kernel.Iommu!;
            if (item.Kernel == SpaceKind.Type1)
            {
                Users = new Type1Container(iommu, name);
                return;
            }

            var space = new IoAddressSpace(iommu, name);
            Table = space.Allocate(iommu.CanTrackDirty, Page).Table;
            Users = space;
        }

        public string Name { get; }

        public ulong Page { get; }

        public IUserAddressSpace Users { get; }

        public HardwarePageTable? Table { get; }

        public HashSet<RoutingId> Functions { get; } = [];

        /// <summary>Pages that devices wrote.</summary>
        public HashSet<ulong> Written { get; } = [];

        public void Attach(RoutingId requester) => Users.Attach(requester);

        public void Remember(ulong iova, ulong address, ulong bytes) => _memory.Add((iova, address, bytes));

        public void Forget(ulong iova, ulong bytes) => _memory.RemoveAll(m => m.Iova >= iova && m.Iova + m.Bytes <= iova + bytes);

        public bool IsOutside(in MemoryWrite write)
        {
            if (write.Requester is not { } requester || !Functions.Contains(requester)) return false;
            foreach (var (_, address, bytes) in _memory)
                if (write.Address >= address && write.Address + (ulong)write.Bytes <= address + bytes) return false;
            return true;
        }

        public void OnWrite(in TranslatedWrite write)
        {
            if (Functions.Contains(write.Requester)) Written.Add(write.Address & ~(ulong)(HostMemory.PageSize - 1));
        }
    }
}
