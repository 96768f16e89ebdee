using System.Globalization;
using System.Numerics;
using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>What the shape of a script cannot say of the IOMMU, of address spaces and of plots.</summary>
internal static class SpaceChecks
{
    private const ulong PageMask = 0xFFF;

    public static void Check(Script script, ErrorList errors, Action<FunctionName> function)
    {
        Iommu(script, errors);
        foreach (var (_, _, space) in script.Spaces.Items)
        {
            foreach (var of in space.Of) function(of);
            foreach (var map in space.Maps) Map(script, errors, map, function);
            if (space.Page.Bytes is not (1 << 12 or 1 << 21 or 1 << 30))
                errors.Add(space.PositionOf("page"), $"a page of {space.Page}; expected 4KiB, 2MiB or 1GiB");
        }

        foreach (var plot in script.Plots) Plot(script, errors, plot);
    }

    /// <summary>Checks an entry that concerns a space; false if it does not.</summary>
    public static bool Entry(Script script, ErrorList errors, TimelineEntry entry, Action<FunctionName> function)
    {
        switch (entry)
        {
            case MapEntry map:
                Known(map.In);
                Map(script, errors, map.Map, function);
                return true;
            case UnmapEntry unmap:
                Known(unmap.In);
                if ((unmap.Iova & PageMask) != 0 || (unmap.Bytes.Bytes & (long)PageMask) != 0 || unmap.Bytes.Bytes == 0)
                    errors.Add(unmap.Position, $"0x{unmap.Iova:x}, {unmap.Bytes} are not whole pages; expected multiples of 4KiB");
                return true;
            case AttachEntry attach:
                Known(attach.In);
                function(attach.Of);
                return true;
            case TrackDirtyEntry track:
                Known(track.In);
                Tracks(track.In);
                return true;
            case ReadDirtyEntry read:
                Known(read.In);
                Tracks(read.In);
                return true;
            default:
                return false;
        }

        void Known(Reference space) => ScriptChecks.Known(errors, "space", space, script.Spaces.Names);

        void Tracks(Reference space)
        {
            if (script.Spaces.Find(space.Name) is { Value.Kernel: SpaceKind.Type1 })
                errors.Add(space.Position, $"'{space.Name}' is a type1 container, which has no dirty bitmap; expected 'kernel: iommufd'");
            if (!script.Iommu.Scalable)
                errors.Add(script.Iommu.PositionOf("scalable"), "dirty tracking needs scalable mode; expected 'scalable: true'");
        }
    }

    private static void Iommu(Script script, ErrorList errors)
    {
        var iommu = script.Iommu;
        if (iommu.IotlbEntries % iommu.IotlbWays != 0 || !BitOperations.IsPow2(iommu.IotlbEntries / iommu.IotlbWays))
            errors.Add(iommu.PositionOf("iotlb_entries"),
                $"{iommu.IotlbEntries} entries in {iommu.IotlbWays} ways; expected a power of two of sets");
        if (iommu.Enabled) return;
        var position = iommu.PositionOf("enabled");
        if (script.Spaces.Items.Count > 0)
            errors.Add(position, "an address space needs an IOMMU; expected 'enabled: true', or no 'spaces'");
        if (script.Actors.Items.Any(a => a.Value.Kind == ActorKind.Guest))
            errors.Add(position, "a guest with a device needs an IOMMU; expected 'enabled: true', or no guest");
    }

    private static void Map(Script script, ErrorList errors, MapItem map, Action<FunctionName> function)
    {
        if ((map.Iova & PageMask) != 0)
            errors.Add(map.PositionOf("iova"), $"0x{map.Iova:x} is not at a page; expected a multiple of 4096");
        if (map.Memory is { } memory && (memory.Bytes <= 0 || (memory.Bytes & (long)PageMask) != 0))
            errors.Add(map.PositionOf("memory"), $"{memory} are not whole pages; expected a multiple of 4KiB");
        if (map.Memory is null == map.Bar is null)
            errors.Add(map.Position, "a mapping has either memory or a BAR behind it; expected one of 'memory' and 'bar'");
        if (map.Bar is not { } bar) return;
        function(bar);
        if (!script.Actors.Items.Any(a => a.Value.Maps.ToString() == bar.ToString()))
            errors.Add(bar.Position, $"nobody has {bar} open; expected an actor that maps it");
    }

    private static void Plot(Script script, ErrorList errors, PlotItem plot)
    {
        ScriptChecks.Known(errors, "axis", plot.X, script.Matrix.Names);
        if (plot.Series is { } series) ScriptChecks.Known(errors, "axis", series, script.Matrix.Names);
        foreach (var (name, position, _) in plot.Where.Items)
            ScriptChecks.Known(errors, "axis", new Reference(name, position), script.Matrix.Names);
        foreach (var value in script.Matrix.Find(plot.X.Name)?.Value.Items ?? [])
            if (XOf(value.Name) is null)
                errors.Add(value.Position, $"'{value.Name}' lies along x of a plot; expected a number, or a size like 64KiB");
        foreach (var (name, position, _) in plot.Published.Items)
            if (XOf(name) is null) errors.Add(position, $"'{name}' lies along x of a plot; expected a number, or a size like 64KiB");
        if (plot.PercentOf is { } whole && plot.Series is { } of && script.Matrix.Find(of.Name)?.Value.Find(whole) is null)
            errors.Add(plot.PositionOf("percent_of"), $"axis '{of.Name}' has no '{whole}'; expected one of its values");
    }

    /// <summary>Where a value of an axis lies along x: a size counts in KiB.</summary>
    internal static double? XOf(string value)
    {
        if (Units.Size(value) is { } size) return size.Bytes / 1024.0;
        return long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
